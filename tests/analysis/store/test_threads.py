"""Many threads, and more than one process."""

import threading

import numpy as np
import pytest

from analysis.errors import StoreBusy, StoreError
from analysis.records import Filter
from analysis.store import Store


def run_all(*functions) -> list[BaseException]:
    """Run each in a thread of its own, all at once; what they raised."""
    raised = []

    def guarded(function):
        try:
            function()
        except BaseException as error:  # noqa: BLE001  the test says what came
            raised.append(error)

    threads = [threading.Thread(target=guarded, args=[f]) for f in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def test_two_threads_upsert_one_key(tmp_path, made):
    def save(seed):
        for _ in range(30):
            store.save_attributions({"a": made(seed)})

    with Store.open(tmp_path) as store:
        assert run_all(lambda: save(1), lambda: save(2)) == []
        raw = store.attributions(["a"])["a"].raw
        assert any(np.array_equal(raw, made(seed).raw) for seed in (1, 2))
        assert store.counts()["attribution_map"] == store.counts()["run"] == 1


def test_two_stores_in_one_process_upsert_one_key(tmp_path, made):
    def save(store, seed):
        for _ in range(20):
            store.save_attributions({"a": made(seed), "b": made(seed)})

    with Store.open(tmp_path) as first, Store.open(tmp_path) as second:
        assert run_all(lambda: save(first, 1), lambda: save(second, 2)) == []
        assert first.attributions(["a", "b"]).keys() == {"a", "b"}


def test_eight_threads_read_while_one_writes(tmp_path, made):
    written, done = [], threading.Event()

    def write():
        for i in range(20):
            store.save_attributions({f"m{i}": made(i)})
            written.append(i)
        done.set()

    def read():
        while not done.is_set():
            known = written[-8:]
            found = store.attributions([f"m{i}" for i in known])
            assert len(found) == len(known)  # acknowledged means seen
            for i in known[-2:]:
                assert np.array_equal(found[f"m{i}"].raw, made(i).raw)
            store.counts()

    with Store.open(tmp_path) as store:
        assert run_all(write, *[read] * 8) == []


def test_a_write_that_fails_takes_no_other_with_it(tmp_path, made):
    def fail(db):
        db.execute("INSERT INTO model VALUES (1)")

    def wrong(db):
        raise KeyError("a bug")

    def save():
        for i in range(20):
            store.save_attributions({f"m{i}": made(i)})

    def refuse():
        for _ in range(20):
            with pytest.raises(StoreError, match="failed"):
                store._writer.do(fail)
            with pytest.raises(KeyError):
                store._writer.do(wrong)

    with Store.open(tmp_path) as store:
        assert run_all(save, refuse, refuse, save) == []
        assert len(store.attributions([f"m{i}" for i in range(20)])) == 20


def test_closing_while_others_write_loses_nothing(tmp_path, made):
    kept = []

    def save(name):
        for i in range(200):
            try:
                store.save_attributions({f"{name}{i}": made(i)})
            except StoreError:
                return
            kept.append(f"{name}{i}")

    store = Store.open(tmp_path)
    closing = threading.Timer(0.15, store.close)
    closing.start()
    assert run_all(lambda: save("a"), lambda: save("b")) == []
    closing.join()
    with Store.open(tmp_path) as store:
        assert len(store.attributions(kept)) == len(kept) > 0


def test_questions_see_a_pass_whole_while_it_is_replaced(tmp_path, world):
    record, path, samples = world.dataset(5000)
    labels = samples["label"].to_numpy()
    first, parts, _ = world.results(record, labels)
    other, others, _ = world.results(record, labels, seed=1)
    stop = threading.Event()

    def replace():
        for i in range(12):
            store.save_pass(first, parts)
            if i % 3 == 2:
                store.delete_pass(other.pass_id)
                store.save_pass(other, others)
                store.checkpoint()
        stop.set()

    def ask(question):
        def again():
            while not stop.is_set():
                assert question() == 5000

        return again

    every = Filter(record.dataset_id, "pass0")
    with Store.open(tmp_path / "w") as store:
        store.save_dataset(record, path)
        for found, files in ((first, parts), (other, others)):
            store.save_pass(found, files)
        known = int((labels >= 0).sum())
        questions = [
            lambda: store.count(Filter(record.dataset_id, "pass0", predictions=(0, 1, 2, 3))),
            lambda: len(store.sample_ids(Filter(record.dataset_id, "pass0", ranges=(("angle", 0.0, None),)))),
            lambda: 5000 - known + int(store.confusion(every, "truth", "pass0").counts.sum()),
            lambda: 4940 + len([s for s in store.samples(every, sort="confidence") if s.top_classes]),
        ]
        assert run_all(replace, *map(ask, questions)) == []


def test_a_second_process_is_told_who_has_it(tmp_path, child):
    holder = child("""
        with Store.open(workspace):
            print("open", flush=True)
            sys.stdin.readline()
    """)
    assert holder.stdout.readline() == "open\n"
    with pytest.raises(StoreBusy, match=f"process {holder.pid}") as caught:
        Store.open(tmp_path)
    assert str(tmp_path) not in str(caught.value)
    _, errors = holder.communicate("\n")
    assert holder.returncode == 0, errors
    Store.open(tmp_path).close()


def test_memory_stays_flat(tmp_path, child):
    ran = child("""
        import resource
        def used():
            return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with Store.open(workspace, memory_limit="256MB") as store:
            for round in range(6):
                for i in range(12):
                    store.save_attributions({f"{i % 5}": made(i, side=224)})
                    store.attributions([f"{i % 5}"])
                if round == 2:
                    before = used()
        print(used() - before)
    """)
    out, errors = ran.communicate()
    assert ran.returncode == 0, errors
    assert int(out) < 12_000  # kilobytes, over 36 saves of 200 kB
