import pytest

from training.cli import main

pytestmark = pytest.mark.training


def test_without_data_a_command_ends_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("ADEWATCH_DATA_DIR", raising=False)
    monkeypatch.setattr("sys.argv", ["training", "ner"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    error = capsys.readouterr().err
    assert error == "error: set ADEWATCH_DATA_DIR to the folder that holds the corpora\n"


def test_a_card_of_an_unknown_model_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["training", "cards", "--only", "nre"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert capsys.readouterr().err == "error: no model 'nre'; models are ner, relation\n"
