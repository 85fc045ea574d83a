from tests.fakes.documents import document
from training.train.splits import DEV_FRACTION, TEST_FRACTION, split

DOCUMENTS = [document("Text.", doc_id=f"d{n}", group=f"pmid:{n // 3}") for n in range(3000)]


def test_no_group_is_divided() -> None:
    parts = split(DOCUMENTS, seed=1)
    groups = [{doc.group for doc in part} for part in (parts.train, parts.dev, parts.test)]
    assert sum(map(len, groups)) == len(set.union(*groups)) == 1000


def test_the_parts_have_about_their_share() -> None:
    parts = split(DOCUMENTS, seed=1)
    assert abs(len(parts.dev) / 3000 - DEV_FRACTION) < 0.03
    assert abs(len(parts.test) / 3000 - TEST_FRACTION) < 0.03


def test_a_group_has_the_same_part_in_every_corpus() -> None:
    alone = split(DOCUMENTS[:3], seed=1)
    everywhere = split(DOCUMENTS, seed=1)
    assert {doc.doc_id for doc in alone.train} <= {doc.doc_id for doc in everywhere.train}
    assert {doc.doc_id for doc in alone.test} <= {doc.doc_id for doc in everywhere.test}


def test_the_seed_decides() -> None:
    assert split(DOCUMENTS, seed=1).test != split(DOCUMENTS, seed=2).test
