"""Teachers answer for the student's words and pairs, and a student is a run like any other."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from services.adapters.tokenizer import HuggingFaceTokenEncoder
from services.core.bio import TAGS, TYPES
from services.core.model_ports import FloatArray, IntArray
from services.core.windows import Form
from tests.fakes.documents import document
from training.corpora.documents import Document
from training.distillation.losses import Distillation
from training.distillation.teachers import (
    ner_teacher,
    open_pair_models,
    open_taggers,
    pair_teacher,
    soft_pairs,
    soft_tags,
)
from training.errors import TrainingError
from training.evaluate.pair_scores import PairModel
from training.evaluate.tagger import Tagger
from training.rows.ner import rows, sentences
from training.rows.pairs import gold_pairs
from training.train.ner import NerSettings, train_ner
from training.train.relation import train_relation
from training.train.relation_settings import RelationSettings
from training.train.runs import load_ner, load_relation
from training.train.splits import Parts

pytestmark = pytest.mark.training

SEED = 3
NOTES = [
    document("[Zocor] with {rash}. No [aspirin] with {nausea}.", (("T1", "T2"),), doc_id="1"),
    document("She had {nausea} after [zocor].", (("T2", "T1"),), doc_id="2"),
    document("No rash after [aspirin].", doc_id="3"),
]
PARTS = {"ade": Parts(NOTES, NOTES[:2], NOTES[2:])}


def tagger(encoder: HuggingFaceTokenEncoder, outside: float) -> Tagger:
    """A teacher that holds every token of every type for outside with this probability."""

    def run(input_ids: IntArray, attention_mask: IntArray) -> FloatArray:
        one = np.array([outside, 1 - outside, 0.0] * len(TYPES), dtype=np.float32)
        return np.tile(one, (*input_ids.shape, 1))

    return Tagger(run, encoder, reads_windows=True)


def test_teachers_answer_at_the_first_token_of_every_word(
    encoder: HuggingFaceTokenEncoder,
) -> None:
    data = rows(sentences([document("No rashs.")]), encoder)
    teachers = [tagger(encoder, 0.9), tagger(encoder, 0.5)]
    (found,) = soft_tags(teachers, data, temperature=1.0)
    # [CLS] no rash ##s . [SEP]
    assert found.shape == (6, len(TYPES), len(TAGS))
    assert np.isnan(found).any(axis=(1, 2)).tolist() == [True, False, False, True, False, True]
    np.testing.assert_allclose(found[1, 0], [0.7, 0.3, 0.0], atol=1e-6)


def test_a_long_text_is_answered_in_all_of_its_rows(encoder: HuggingFaceTokenEncoder) -> None:
    data = rows(sentences([document("she had " * 150 + "rash")]), encoder)
    found = list(soft_tags([tagger(encoder, 0.9)], data, temperature=2.0))
    assert len(found) == len(data) > 2
    assert all(not np.isnan(one[1:-1]).any() for one in found)
    np.testing.assert_allclose(found[0][1, 0], [0.75, 0.25, 0.0], atol=1e-6)


def pair_model(encoder: HuggingFaceTokenEncoder, caused: float, *, learned: bool) -> PairModel:
    def run(ids: IntArray, mask: IntArray, pairs: IntArray) -> tuple[FloatArray, FloatArray]:
        shape = (*pairs.shape[:2], 1)
        classes = np.tile(np.array([1 - caused, caused], dtype=np.float32), shape)
        statuses = np.tile(np.array([0.5, 0.1, 0.1, 0.1, 0.1, 0.1], dtype=np.float32), shape)
        return classes, statuses

    return PairModel(run, encoder, Form.LEVITATED, learned_statuses=learned)


def test_pairs_get_the_mean_of_those_who_know(encoder: HuggingFaceTokenEncoder) -> None:
    pairs = gold_pairs(NOTES[:1])
    models = [pair_model(encoder, 0.9, learned=False), pair_model(encoder, 0.3, learned=True)]
    classes, statuses = soft_pairs(models, pairs, temperature=1.0)
    np.testing.assert_allclose(classes, [[0.4, 0.6]] * len(pairs), atol=1e-6)
    np.testing.assert_allclose(statuses[:, 0], [0.5] * len(pairs), atol=1e-6)
    _, unknown = soft_pairs(models[:1], pairs, temperature=1.0)
    assert np.isnan(unknown).all()


def ner_settings(encoder: Path, member: int = 0) -> NerSettings:
    return NerSettings(encoder=str(encoder), seed=SEED, member=member, epochs=1)


def relation_settings(encoder: Path) -> RelationSettings:
    return RelationSettings(encoder=str(encoder), seed=SEED, epochs=1, joined=0)


def test_a_student_of_ner_is_a_run_that_can_be_exported(
    encoder_folder: Path, tmp_path: Path
) -> None:
    runs = [tmp_path / "a", tmp_path / "b"]
    for member, run in enumerate(runs):
        train_ner(PARTS, ner_settings(encoder_folder, member), run)
    weights = [load_ner(run).head.weight for run in runs]
    assert not torch.equal(*weights)
    teacher = ner_teacher(open_taggers(runs, seed=SEED), Distillation(soft_share=1.0))
    train_ner(PARTS, ner_settings(encoder_folder), tmp_path / "student", teacher=teacher)
    report = json.loads((tmp_path / "student" / "run.json").read_text())
    assert report["task"] == "ner"
    # Members of one seed differ; the student differs from the member that only saw gold.
    assert not torch.equal(load_ner(tmp_path / "student").head.weight, weights[0])


def test_a_student_of_relations_is_a_run_that_can_be_exported(
    encoder_folder: Path, tmp_path: Path
) -> None:
    run, student = tmp_path / "teacher", tmp_path / "student"
    train_relation(PARTS, tmp_path, relation_settings(encoder_folder), run)
    teacher = pair_teacher(open_pair_models([run], seed=SEED), Distillation())
    train_relation(PARTS, tmp_path, relation_settings(encoder_folder), student, teacher=teacher)
    report = json.loads((student / "run.json").read_text())
    assert (report["task"], report["pairs"]) == ("relation", 5)
    assert load_relation(student).config.form is Form.LEVITATED


def test_a_teacher_of_another_split_or_task_is_refused(
    encoder_folder: Path, tmp_path: Path
) -> None:
    train_ner(PARTS, ner_settings(encoder_folder), tmp_path / "a")
    with pytest.raises(TrainingError, match="seed 3"):
        open_taggers([tmp_path / "a"], seed=SEED + 1)
    with pytest.raises(TrainingError, match="no run of relation"):
        open_pair_models([tmp_path / "a"], seed=SEED)


def test_what_cannot_be_chosen_on_is_said(encoder_folder: Path, tmp_path: Path) -> None:
    bare: Sequence[Document] = NOTES[2:]
    parts = {"ade": Parts(NOTES, [], list(bare))}
    with pytest.raises(TrainingError, match="no dev document has a mention"):
        train_ner(parts, ner_settings(encoder_folder), tmp_path / "x")
    with pytest.raises(TrainingError, match="no dev document has a relation"):
        train_relation(parts, tmp_path, relation_settings(encoder_folder), tmp_path / "x")
