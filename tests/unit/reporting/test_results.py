"""The results folder on disk."""

from __future__ import annotations

import html
import json
from dataclasses import replace
from pathlib import Path

import pytest
from markupsafe import escape

from openhands_testgen.domain.report import Report
from openhands_testgen.domain.task import Conclusion, Status, TaskState
from openhands_testgen.domain.verdict import (
    CaseResult,
    Coverage,
    Outcome,
    Problem,
    StageResult,
    Verdict,
    Verification,
)
from openhands_testgen.errors import ConfigurationError
from openhands_testgen.reporting.publish import read_results
from openhands_testgen.reporting.results import ResultsFolder
from tests.fakes.archives import make_events, pack_events, unpack
from tests.fakes.hostile import TEXTS
from tests.unit.domain.test_task_id import make_task_id

OUTPUT = "tests/test_prices.py"


def make_report(error: str | None = None, output_digest: str = "-") -> Report:
    state = TaskState(Status.COMPLETED, completed_at="2026-01-01T10:00:00+00:00")
    task_id = make_task_id(output_digest=output_digest)
    return Report(task_id, state, Conclusion.NO_TESTS, error=error)


def make_verification(
    verdict: Verdict, content: bytes, cases: tuple[CaseResult, ...] = ()
) -> Verification:
    return Verification(
        verdict=verdict,
        stages=(StageResult("run", passed=True),),
        content=content,
        cases=cases,
        coverage=Coverage(50.0, 1, 2, 0, 0, missing_lines=(2,), executed_lines=(1,)),
    )


def test_everything_stands_in_the_tasks_own_folder(tmp_path: Path) -> None:
    root = tmp_path / "new" / "results"
    files = {f"agent/{OUTPUT}": b"def test():\n    pass\n", "trajectory.zip": b"PK\x03\x04\x00"}
    folder = ResultsFolder(root, ()).store(make_report(), files)
    assert folder == root / "src-shop-prices-01234567"
    assert (folder / "agent" / OUTPUT).read_bytes() == files[f"agent/{OUTPUT}"]
    assert (folder / "trajectory.zip").read_bytes() == files["trajectory.zip"]
    result = json.loads((folder / "result.json").read_text())
    assert result["results_dir"] == str(folder)
    assert result["conclusion"] == "no_tests"
    assert (root / ".gitignore").read_text() == "*\n"
    assert not list(root.rglob(".part-*"))


def test_a_folder_of_the_users_gets_no_gitignore(tmp_path: Path) -> None:
    ResultsFolder(tmp_path, ()).store(make_report(), {})
    assert not (tmp_path / ".gitignore").exists()


def test_a_second_collect_replaces_the_report_and_loses_no_file(tmp_path: Path) -> None:
    results = ResultsFolder(tmp_path, ())
    results.store(make_report("first"), {"pytest.log": b"kept"})
    folder = results.store(make_report("second"), {"junit.xml": b"new"})
    assert json.loads((folder / "result.json").read_text())["error"] == "second"
    assert (folder / "pytest.log").read_bytes() == b"kept"


def test_no_name_leads_out_or_takes_the_place_of_the_report(tmp_path: Path) -> None:
    root = tmp_path / "results"
    files = {"../../evil": b"1", "/abs": b"2", "result.json": b"3", "agent/a\n::error::": b"4"}
    folder = ResultsFolder(root, ()).store(make_report(), files)
    assert [path.name for path in tmp_path.iterdir()] == ["results"]
    assert json.loads((folder / "result.json").read_text())["status"] == "COMPLETED"
    assert (folder / "result-2.json").read_bytes() == b"3"


def test_secrets_are_taken_out(tmp_path: Path) -> None:
    results = ResultsFolder(tmp_path, ("sk-secret-1",))
    folder = results.store(make_report("bad key sk-secret-1"), {"log": b"key=sk-secret-1"})
    assert (folder / "log").read_bytes() == b"key=***"
    assert json.loads((folder / "result.json").read_text())["error"] == "bad key ***"


def test_a_planted_link_is_refused(tmp_path: Path) -> None:
    root, elsewhere = tmp_path / "results", tmp_path / "elsewhere"
    root.mkdir()
    elsewhere.mkdir()
    (root / "src-shop-prices-01234567").symlink_to(elsewhere)
    with pytest.raises(ConfigurationError, match="symbolic link"):
        ResultsFolder(root, ()).store(make_report(), {"a": b"b"})
    assert not list(elsewhere.iterdir())


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match=r"results: .*cannot be written"):
        ResultsFolder(tmp_path / "file" / "results", ()).store(make_report(), {})


def test_the_patch_is_kept(tmp_path: Path) -> None:
    folder = ResultsFolder(tmp_path, ()).store(make_report(), {f"agent/{OUTPUT}": b"a\n"})
    assert b"+a\n" in (folder / "tests.patch").read_bytes()


def test_no_patch_where_what_stood_there_is_not_known(tmp_path: Path) -> None:
    report = make_report(output_digest="0123456789abcdef")
    folder = ResultsFolder(tmp_path, ()).store(report, {f"agent/{OUTPUT}": b"a\n"})
    assert not (folder / "tests.patch").exists()


def test_the_patch_is_what_was_delivered(tmp_path: Path) -> None:
    report = replace(make_report(), verification=make_verification(Verdict.WEAK, b"sound\n"))
    files = {f"agent/{OUTPUT}": b"sound\nunsound\n"}
    folder = ResultsFolder(tmp_path, ()).store(report, files)
    assert (folder / "tests.patch").read_bytes().endswith(b"@@ -0,0 +1,1 @@\n+sound\n")


def test_the_patch_of_rejected_tests_is_what_the_agent_wrote(tmp_path: Path) -> None:
    report = replace(make_report(), verification=make_verification(Verdict.REJECTED, b""))
    folder = ResultsFolder(tmp_path, ()).store(report, {f"agent/{OUTPUT}": b"unsound\n"})
    assert b"+unsound\n" in (folder / "tests.patch").read_bytes()


def test_documents_stand_beside_the_report(tmp_path: Path) -> None:
    verification = make_verification(Verdict.ACCEPTED, b"def test():\n    pass\n")
    report = replace(make_report(), verification=verification)
    files = {
        "module/src/shop/prices.py": b"a = 1\nb = 2\n",
        "trajectory.zip": pack_events(make_events("words")),
        "report.html": b"not ours",
        "coverage.json": b'{"files": {"/tmp/copy/src/shop/prices.py": {}}}',
    }
    results = ResultsFolder(tmp_path, (), path_prefix="sub", now=lambda: 1_767_261_700.0)
    folder = results.store(report, files)
    assert b"b = 2" in (folder / "report.html").read_bytes()
    assert b'filename="sub/src/shop/prices.py"' in (folder / "coverage.xml").read_bytes()
    assert b"uncovered-lines" in (folder / "sarif.json").read_bytes()
    report_files = json.loads((folder / "coverage.json").read_bytes())["files"]
    assert report_files == {"sub/src/shop/prices.py": {}}
    assert (folder / "report-2.html").read_bytes() == b"not ours"
    result = json.loads((folder / "result.json").read_text())
    assert result["collected_at"] == "2026-01-01T10:01:40Z"
    assert result["tokens"] == {"prompt": 4479, "completion": 24}
    assert result["reach"]["lines_total"] == 2


@pytest.mark.parametrize("secret", ["sk-secret-1", "se<cr&et'\"1", 'mit"ü\\x123'])
def test_no_file_holds_a_secret_in_any_form(tmp_path: Path, secret: str) -> None:
    case = CaseResult(f"t::{secret}", "t", Outcome.FAILED, f"said {secret}")
    verification = make_verification(Verdict.REJECTED, b"", (case,))
    report = replace(make_report(f"bad key {secret}"), verification=verification)
    files = {
        f"agent/{OUTPUT}": f"key = {secret!r} # {secret}\n".encode(),
        "module/src/shop/prices.py": f"# {secret}\n".encode(),
        "trajectory.zip": pack_events(make_events(secret)),
    }
    folder = ResultsFolder(tmp_path, (secret,)).store(report, files)
    forms = {secret, html.escape(secret), str(escape(secret)), json.dumps(secret)[1:-1]}
    for file in filter(Path.is_file, folder.rglob("*")):
        content = file.read_bytes()
        contents = unpack(content).values() if file.suffix == ".zip" else [content]
        for one in contents:
            assert not [form for form in forms if form.encode() in one], file


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_whatever_a_text_is_the_result_can_be_read_again(tmp_path: Path, text: str) -> None:
    problem = Problem(text, text, text, 1)
    case = CaseResult(text, text, Outcome.REFUSED, text, problems=(problem,))
    verification = replace(
        make_verification(Verdict.REJECTED, b"", (case,)),
        stages=(StageResult(text, passed=False, reasons=(text,)),),
        warnings=(text,),
        protections=(text,),
        attachments={text: b"x"},
    )
    report = replace(
        make_report(text), verification=verification, dropped=((text, text),), final_message=text
    )
    files = {
        f"agent/{OUTPUT}": text.encode("utf-8", "surrogatepass"),
        f"agent/{text}": b"x",
        "trajectory.zip": pack_events(make_events(text)),
    }
    folder = ResultsFolder(tmp_path, ()).store(report, files)
    results, problems = read_results(tmp_path)
    assert problems == []
    assert results[0]["results_dir"] == str(folder)
    assert results[0]["warnings"] == [text.encode("utf-8", "replace").decode()]
    assert {path.name for path in folder.iterdir()} >= {"report.html", "sarif.json"}
