"""What an evaluation says: frozen values, all shares from 0 to 1, None where there is nothing to measure."""

from dataclasses import dataclass

Share = float | None


@dataclass(frozen=True)
class ClassScores:
    """One class. objects: how many are labelled, crowds apart."""

    name: str
    objects: int
    ap: Share
    ap50: Share
    recall: Share


@dataclass(frozen=True)
class Bin:
    """Detections whose score is over `low` and up to `high`.

    score: their mean score. precision: the share of them that is right, at an IoU of 0.5.
    """

    low: float
    high: float
    detections: int
    score: Share
    precision: Share


@dataclass(frozen=True)
class Operating:
    """What somebody gets who keeps what scores over `confidence`; right is an IoU of 0.5 with its class."""

    confidence: float
    detections: int
    precision: Share
    recall: Share


@dataclass(frozen=True)
class Scores:
    """COCO's figures for one way to detect (cocodataset.org/#detection-eval).

    ap: mean average precision over IoU 0.5, 0.55 ... 0.95; ap50, ap75: at one IoU.
    recall: mean largest recall over the same IoUs, with at most 100 detections a class in a picture (AR@100).
    ap_small, ap_medium, ap_large: objects of less than 32 x 32, up to 96 x 96, and more pixels of box area.
    classes: those with labelled objects, in the model's order.
    curve: precision at IoU 0.5 where recall is 0, 0.01 ... 1, mean over the classes.
    calibration: the detections by score, in tenths.
    calibration_error: how far score and precision lie apart, mean over the detections that score over 0.1;
        below are thousands that no one sees.
    """

    pictures: int
    objects: int
    ap: Share
    ap50: Share
    ap75: Share
    recall: Share
    ap_small: Share
    ap_medium: Share
    ap_large: Share
    operating: Operating
    calibration_error: Share
    classes: tuple[ClassScores, ...]
    curve: tuple[Share, ...]
    calibration: tuple[Bin, ...]

    def __post_init__(self) -> None:
        for name in ("ap", "ap50", "ap75", "recall", "ap_small", "ap_medium", "ap_large"):
            value = getattr(self, name)
            if value is not None and not 0 <= value <= 1:
                raise ValueError(f"{name} is a share from 0 to 1, not {value}")
        if sum(each.objects for each in self.classes) != self.objects:
            raise ValueError("the objects of the classes are not all objects")
