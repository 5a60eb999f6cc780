"""What a visitor may want to know before trusting the page."""

import streamlit as st

import detector
from detector.machine import Machine
from detector.models.registry import COCO_NAMES, read_names
from detector.offer import Offer
from detector.page.words import counted
from detector.settings import Config


def privacy(config: Config) -> str:
    """Where pictures go."""
    if config.page.url:
        return "Pictures stay in this server's memory for your visit, and go to its detector alone."
    return "Pictures stay in this server's memory for your visit; they are not stored and not passed on."


def banner(config: Config) -> None:
    """To strangers: what this is, and how much of it they may have."""
    if not config.page.public:
        return
    limits, page = config.limits, config.page
    visit = f" and {page.max_pictures_per_visit} a visit" if page.max_pictures_per_visit else ""
    st.caption(
        f":material/public: A public demo. It takes {counted(page.max_pictures, 'picture')} at once{visit}, each of"
        f" {limits.max_picture_bytes / 2**20:.0f} MB and {limits.max_picture_pixels / 1e6:.0f} million pixels at most."
    )


def about(config: Config, offer: Offer) -> None:
    """Models, versions, licences, what the confidence means, and the classes."""
    engines = ", ".join(f"{name} {version}".strip() for name, version in offer.engines.items())
    with st.expander("About this page", icon=":material/info:"):
        st.markdown(
            f"{privacy(config)}\n\n{_small(config, offer)}"
            "**Confidence** says how sure the model is, from 0 to 1. It is not a probability of being right:"
            " a model can be sure and wrong. **Agreement** of two models is not accuracy: both can be wrong.\n\n"
            f"**Models**: {', '.join(offer.models)}. YOLOv3 and YOLOv3-tiny are by Joseph Redmon and Ali Farhadi"
            " ([YOLOv3: An Incremental Improvement](https://arxiv.org/abs/1804.02767)), trained on COCO.\n\n"
            f"**Software**: object-detector {detector.__version__} (MIT), with {engines}.\n\n"
            f"**The 80 classes**: {', '.join(read_names(COCO_NAMES))}."
        )


def _small(config: Config, offer: Offer) -> str:
    """Why less is offered here than elsewhere, where it is."""
    machine, serving = Machine.here(), config.serving
    if not machine.small or machine.memory_bytes is None:
        return ""
    fits = [f"pictures of {config.limits.max_picture_pixels / 1e6:.0f} million pixels at most"]
    if not config.page.url:
        fits += [f"{counted(serving.max_running, 'picture')} in work at once"] if serving.max_running else []
        fits += [f"{counted(serving.max_engines, 'model')} kept loaded"]
        fits += ["no yolov3, whose weights alone are 248 MB"] if "yolov3" not in offer.models else []
    return (
        f"**A small machine** shows this page: {machine.memory_bytes / 1e9:.1f} GB of memory. It offers what fits:"
        f" {', '.join(fits)}.\n\n"
    )
