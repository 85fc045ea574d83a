"""Descriptors of MeSH as concepts."""

from __future__ import annotations

import pytest

from services.core.contracts import MentionType
from training.vocabulary import mesh
from training.vocabulary.builder import Builder
from training.vocabulary.sources import Term

CLASS, SUBSTANCE = Term("D005971", ("Glutamates",)), Term("D018698", ("Glutamic Acid",))


@pytest.mark.parametrize("terms", [(CLASS, SUBSTANCE), (SUBSTANCE, CLASS)])
def test_what_a_class_and_a_substance_share_is_the_substance(terms: tuple[Term, ...]) -> None:
    builder = Builder(MentionType.DRUG)
    mesh.add_descriptors(builder, terms)
    number = builder.find("glutamate")
    assert number is not None
    assert number == builder.find("glutamic acid")
    assert builder.concepts[number].mesh[0] == "D018698"


def test_a_class_without_such_a_substance_is_a_concept() -> None:
    builder = Builder(MentionType.DRUG)
    mesh.add_descriptors(builder, [CLASS])
    assert builder.find("glutamates") == builder.with_mesh("D005971") == 0


def test_inverted_names_are_found_in_the_order_of_a_sentence() -> None:
    builder = Builder(MentionType.ADE)
    mesh.add_descriptors(builder, [Term("D058186", ("Acute Kidney Injury",))])
    mesh.add_descriptors(builder, [Term("D007676", ("Kidney Failure, Chronic",))])
    assert builder.find("chronic kidney failure") == builder.find("kidney failure, chronic") == 1
