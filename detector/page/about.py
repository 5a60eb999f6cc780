"""What a visitor may want to know before trusting the page."""

import streamlit as st

import detector
from detector.engines.catalog import ENGINES
from detector.models.registry import COCO_NAMES, Registry, read_names

PRIVACY = "Pictures stay in this server's memory for your visit; they are not stored and not passed on."


def about(registry: Registry) -> None:
    """Models, versions, licences, what the confidence means, and the classes."""
    with st.expander("About this page", icon=":material/info:"):
        st.markdown(
            f"{PRIVACY}\n\n"
            "**Confidence** says how sure the model is, from 0 to 1. It is not a probability of being right:"
            " a model can be sure and wrong. **Agreement** of two models is not accuracy: both can be wrong.\n\n"
            f"**Models**: {', '.join(registry.names)}. YOLOv3 and YOLOv3-tiny are by Joseph Redmon and Ali Farhadi"
            " ([YOLOv3: An Incremental Improvement](https://arxiv.org/abs/1804.02767)), trained on COCO.\n\n"
            f"**Software**: object-detector {detector.__version__} (MIT), with {_engines()}.\n\n"
            f"**The 80 classes**: {', '.join(read_names(COCO_NAMES))}."
        )


@st.cache_data(show_spinner=False)  # looking through what is installed takes a while
def _engines() -> str:
    return ", ".join(f"{entry.name} {entry.version()}" for entry in ENGINES if entry.problem() is None)
