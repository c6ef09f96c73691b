#!/usr/bin/env python3
"""End-to-end tests of what torchtally shows: the formats of count and report, diff, bench, completion.

    reports_test.py COMMAND SCHEMA.json SAMPLE.json [unittest's arguments]

SCHEMA.json is docs/report.schema.json, SAMPLE.json the report of tests/report's sample.
"""

import csv
import fcntl
import functools
import io
import json
import os
import pathlib
import pty
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
import unittest

import jsonschema
import torch
from torch import nn

COMMAND, SCHEMA, SAMPLE = (str(pathlib.Path(argument).resolve()) for argument in sys.argv[1:4])
FOLDER = tempfile.TemporaryDirectory()


class Mlp(nn.Module):
    def __init__(self, width=3):
        super().__init__()
        self.hidden = nn.Linear(4, width)
        self.out = nn.Linear(width, 2)

    def forward(self, x):
        return self.out(torch.relu(self.hidden(x)))


class Nested(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(4, 4), nn.ReLU())

    def forward(self, x):
        return {"features": [self.body(x)], "input": [x]}


class Layers(nn.Module):
    """A layer for each backward that the command has a meta kernel for."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(7, 6)
        self.norm = nn.LayerNorm(6)
        self.features = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.Hardswish(), nn.ConvTranspose2d(4, 2, 3),
                                      nn.Hardtanh(), nn.AdaptiveAvgPool2d(3), nn.Dropout(0.5))
        self.volume = nn.Sequential(nn.Conv3d(1, 2, 1), nn.MaxPool3d(2), nn.AdaptiveAvgPool3d(1))

    def forward(self, tokens):
        x = self.norm(self.embedding(tokens)).unsqueeze(1)
        return self.features(x), self.volume(x.unsqueeze(2).expand(-1, -1, 2, -1, -1))


class Renamed(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(4, 3)
        self.out = nn.Linear(3, 2)

    def forward(self, x):
        return self.out(torch.relu(self.first(x)))


def path_of(name):
    return str(pathlib.Path(FOLDER.name) / name)


def scripted(module, name):
    path = path_of(name + ".pt")
    torch.jit.script(module).save(path)
    return path


MLP = scripted(Mlp(), "mlp")
WIDER = scripted(Mlp(width=4), "wider")


def run(*arguments, **options):
    return subprocess.run([COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False, timeout=300,
                          **options)


def run_on_terminal(*arguments, columns, **environment):
    """What the command writes where it believes to be on a terminal of that many columns."""
    main, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    variables = {**os.environ, "TERM": "xterm", **environment}
    process = subprocess.Popen([COMMAND, *arguments], stdout=terminal, stderr=subprocess.PIPE, env=variables)
    os.close(terminal)
    written = b""
    while True:
        try:
            part = os.read(main, 65536)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        written += part
    os.close(main)
    process.communicate(timeout=300)
    return process.returncode, written.decode()


@functools.cache
def run_once(*arguments):
    """Loading LibTorch is most of a run's time, and what the command says is the same each time."""
    return run(*arguments)


class ReportsTest(unittest.TestCase):
    maxDiff = None

    def succeeds(self, *arguments):
        result = run_once(*arguments)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        return result.stdout

    def count(self, *options, model=MLP):
        return self.succeeds("count", model, "--input", "2x4", *options)

    def saved(self, name, *options, model=MLP):
        path = path_of(name)
        self.count("--format", "json", "--output", path, *options, model=model)
        return path


class Formats(ReportsTest):
    def test_a_saved_report_says_what_the_run_said(self):
        saved = self.saved("mlp.json")
        for options in ((), ("--format", "json"), ("--format", "markdown"), ("--format", "folded", "--weight", "macs"),
                        ("--by", "module,operator", "--depth", "1", "--columns", "calls,share,dtype", "--sort", "bytes", "--top", "2"),
                        ("--format", "html", "--peak", "10", "--bandwidth", "2.5")):
            with self.subTest(options):
                self.assertEqual(self.succeeds("report", saved, *options), self.count(*options))
        with open(saved, encoding="utf-8") as file:
            piped = run("report", "-", stdin=file)
        self.assertEqual(piped.stdout, self.count())

    def test_json_is_as_its_schema_says(self):
        schema = json.loads(pathlib.Path(SCHEMA).read_text())
        jsonschema.Draft202012Validator.check_schema(schema)
        validator = jsonschema.Draft202012Validator(schema)
        for model, options in ((MLP, ()), (MLP, ("--train",)), (scripted(Nested(), "nested"), ("--device", "meta"))):
            report = json.loads(self.count("--format", "json", *options, model=model))
            validator.validate(report)
            # Nothing is in it that the schema does not name.
            self.assertEqual(set(report), set(schema["properties"]))
            self.assertEqual(set(report["modules"][0]), set(schema["$defs"]["module"]["properties"]))
            self.assertEqual(set(report["totals"]), set(schema["$defs"]["cost"]["required"]))
            del report["totals"]["macs"]
            self.assertFalse(validator.is_valid(report))

    def test_csv_is_exact_and_adds_up(self):
        rows = list(csv.DictReader(io.StringIO(self.count("--format", "csv"))))
        self.assertEqual([row["module"] for row in rows], ["", "hidden", "out"])
        self.assertEqual([int(row["macs"]) for row in rows], [36, 24, 12])
        parts = list(csv.DictReader(io.StringIO(self.count("--format", "csv", "--by", "operator,dtype"))))
        self.assertEqual(sum(int(part["macs"]) for part in parts), 36)
        self.assertAlmostEqual(sum(float(part["share"]) for part in parts), 1)

    def test_folded_stacks_add_up(self):
        lines = self.count("--format", "folded", "--weight", "macs").splitlines()
        self.assertEqual(sum(int(line.rsplit(" ", 1)[1]) for line in lines), 36)
        self.assertTrue(all(line.startswith("Mlp;") for line in lines), lines)

    def test_markdown_is_a_table(self):
        lines = self.count("--format", "markdown").splitlines()
        self.assertEqual(lines[0].count("|"), lines[1].count("|"))
        self.assertIn("| out | Linear | 8 | 12 |", lines[4])

    def test_html_is_named_after_the_model(self):
        self.assertIn("<h1>mlp</h1>", self.count("--format", "html", "--peak", "10", "--bandwidth", "2.5"))

    def test_a_tree_is_sorted_and_cut(self):
        lines = self.succeeds("report", self.saved("mlp.json"), "--format", "tree", "--sort", "macs", "--top", "1").splitlines()
        self.assertEqual([line.split()[0] for line in lines], ["Mlp", "hidden:", "and"])

    def test_by_caller(self):
        # The sample's "head" is called by the root and by "backbone.body", 96 MACs each time.
        stacks = self.succeeds("report", SAMPLE, "--format", "folded", "--weight", "macs", "--ancestors", "caller").splitlines()
        self.assertIn("Net;backbone;body;(head);aten::addmm 96", stacks)
        by_owner, by_caller = (
            list(csv.DictReader(io.StringIO(self.succeeds("report", SAMPLE, "--format", "csv", "--columns", "macs", "--ancestors", whose))))
            for whose in ("owner", "caller"))
        more = {after["module"]: int(after["macs"]) - int(before["macs"]) for before, after in zip(by_owner, by_caller)}
        self.assertEqual({module for module, macs in more.items() if macs}, {"backbone", "backbone.body"})
        self.assertEqual(more["backbone"], 96)

    def test_columns_are_those_asked_for(self):
        header = self.count("--columns", "flops,share,intensity,calls").splitlines()[0]
        self.assertEqual(header.split(), ["Module", "FLOPs", "Share", "FLOPs/byte", "Calls"])

    def test_wrong_options(self):
        for arguments, says in ((("--by", "layer"), "layer"), (("--columns", "flops,flop"), "flop"), (("--sort", "type"), "type"),
                                (("--format", "tree", "--by", "operator"), "--by"), (("--format", "html", "--top", "3"), "--top"),
                                (("--format", "json", "--ancestors", "caller"), "--ancestors"), (("--weight", "share"), "share"),
                                (("--top", "0"), "--top"), (("--peak", "-1"), "--peak")):
            with self.subTest(arguments):
                result = run("count", MLP, "--input", "2x4", *arguments)
                self.assertEqual((result.returncode, result.stdout), (2, ""), result.stderr)
                self.assertIn(says, result.stderr)

    def test_wrong_files(self):
        pathlib.Path(path_of("broken.json")).write_text(pathlib.Path(self.saved("whole.json")).read_text()[:500])
        pathlib.Path(path_of("other.json")).write_text("{}")
        for name, says in (("nowhere.json", "cannot open the report"), ("broken.json", "is no report of torchtally"),
                           ("other.json", "--format json --output FILE"), (".", "is a folder")):
            with self.subTest(name):
                result = run("report", path_of(name))
                self.assertEqual((result.returncode, result.stdout), (1, ""))
                self.assertIn(says, result.stderr)

    def test_nothing_is_half_written(self):
        saved = self.saved("mlp.json")
        for form in ("html", "csv", "json"):
            with self.subTest(form):
                result = run("report", saved, "--format", form, "--output", "/dev/full")
                self.assertEqual(result.returncode, 1)
                self.assertIn("No space left on device", result.stderr)
                target = path_of("kept." + form)
                pathlib.Path(target).write_text("old")
                failed = run("report", path_of("nowhere.json"), "--format", form, "--output", target)
                self.assertEqual(failed.returncode, 1)
                self.assertEqual(pathlib.Path(target).read_text(), "old")
        self.assertEqual([name for name in os.listdir(FOLDER.name) if ".html." in name or ".csv." in name], [])

    def test_a_broken_pipe_ends_quietly(self):
        saved = self.saved("mlp.json")
        reader, writer = os.pipe()
        os.close(reader)
        result = subprocess.run([COMMAND, "report", saved, "--format", "html"], stdout=writer, stderr=subprocess.PIPE, check=False,
                                restore_signals=False)
        os.close(writer)
        self.assertEqual(result.stderr, b"")


class Terminal(ReportsTest):
    def test_is_as_wide_as_the_terminal_and_coloured(self):
        saved = self.saved("mlp.json")
        code, text = run_on_terminal("report", saved, "--columns", "type,flops,share,dtype,phase,bytes", columns=50)
        self.assertEqual(code, 0)
        self.assertIn("\x1b[1m", text)
        for line in text.splitlines():
            plain = line.replace("\x1b[1m", "").replace("\x1b[2m", "").replace("\x1b[0m", "")
            self.assertLessEqual(len(plain), 50, plain)
        self.assertNotIn("\x1b", run_on_terminal("report", saved, columns=50, NO_COLOR="1")[1])
        self.assertNotIn("\x1b", run_on_terminal("report", saved, columns=50, TERM="dumb")[1])
        self.assertNotIn("\x1b", self.succeeds("report", saved))

    def said_about_progress(self, *arguments, **environment):
        main, terminal = pty.openpty()
        subprocess.run([COMMAND, *arguments], stdout=subprocess.DEVNULL, stderr=terminal, check=True,
                       env={**os.environ, "TERM": "xterm", **environment})
        os.write(terminal, b"end")
        os.close(terminal)
        said = b""
        while not said.endswith(b"end"):  # a terminal may hand it over in parts
            said += os.read(main, 100000)
        os.close(main)
        return said.decode()

    def test_progress_is_a_line_in_percent_that_goes_away(self):
        arguments = ("count", MLP, "--input", "2x4", "--repeat", "4")
        said = self.said_about_progress(*arguments)
        lines = said.split("\r\x1b[K")
        loading = [int(line.rsplit(" ", 2)[1]) for line in lines if "loading" in line]
        self.assertEqual(loading, sorted(set(loading)))
        self.assertGreater(loading[-1], loading[0])
        self.assertEqual([line.rsplit(", ", 1)[1] for line in lines if "running" in line], ["0 %", "25 %", "50 %", "75 %"])
        self.assertEqual(lines[-1], "end", "nothing is left of it")
        self.assertEqual(self.said_about_progress(*arguments, "--quiet"), "end")
        dumb = self.said_about_progress(*arguments, TERM="dumb")
        self.assertNotIn("\x1b", dumb)
        self.assertEqual(len(dumb.splitlines()), 3)


class Training(ReportsTest):
    def test_counts_the_backward(self):
        report = json.loads(self.count("--train", "--format", "json"))
        # Forward 2*4*3 + 2*3*2. Backward: both weights' gradients, and the input's of the second layer (the first's needs none).
        self.assertEqual(report["by_phase"]["forward"]["macs"], 36)
        self.assertEqual(report["by_phase"]["backward"]["macs"], 36 + 12)
        self.assertEqual(report["by_module"]["out"]["macs"], 12 + 24)
        self.assertNotIn("aten::sum", json.loads(self.count("--format", "json"))["by_operator"])
        self.assertNotIn("aten::ones_like", report["by_operator"])

    def test_finds_outputs_inside_of_others(self):
        model = scripted(Nested(), "nested")
        report = json.loads(self.count("--train", "--format", "json", model=model))
        self.assertEqual(report["by_phase"]["backward"]["macs"], 2 * 4 * 4)

    def test_a_frozen_model_has_no_backward(self):
        model = Mlp()
        for parameter in model.parameters():
            parameter.requires_grad_(False)
        result = run("count", scripted(model, "frozen"), "--input", "2x4", "--train")
        self.assertEqual((result.returncode, result.stdout), (1, ""))
        self.assertIn("no output of the model has a gradient", result.stderr)

    def test_on_meta_counts_the_same(self):
        model = scripted(Layers(), "layers")
        reports = [json.loads(self.succeeds("count", model, "--input", "2x6:int64<7", "--train", "--format", "json", "--device", device))
                   for device in ("cpu", "meta")]
        for field in ("macs", "flops", "transcendentals", "activations", "calls"):
            for table in ("by_module", "by_phase"):
                cpu, meta = ({name: cost[field] for name, cost in report[table].items()} for report in reports)
                self.assertEqual(cpu, meta, field)
        self.assertGreater(reports[0]["by_phase"]["backward"]["macs"], 0)

    def test_repeats(self):
        report = json.loads(self.count("--repeat", "3", "--format", "json"))
        self.assertEqual(report["totals"]["macs"], 3 * 36)
        twice = json.loads(self.count("--repeat", "2", "--train", "--format", "json"))
        self.assertEqual(twice["by_phase"]["backward"]["macs"], 2 * 48)


class Times(ReportsTest):
    def test_time_beside_counts(self):
        for what, title in (("operator", "Operator"), ("module", "Module")):
            text = self.count("--time", what, "--peak", "100", "--bandwidth", "10")
            lines = text.split("\n\n")[-1].splitlines()
            self.assertEqual(lines[0].split()[:6], [title, "Time", "Share", "Calls", "FLOPs", "FLOP/s"])
            self.assertTrue(lines[0].endswith("Of roofline"))
        self.assertIn("aten::addmm", self.count("--time", "operator"))
        self.assertNotIn("Of roofline", self.count("--time", "operator"))
        self.assertEqual(run("count", MLP, "--input", "2x4", "--time", "operator", "--format", "json").returncode, 2)
        page = self.count("--time", "operator", "--format", "html")
        data = json.loads(page.split('id="data">', 1)[1].split("</script>", 1)[0])
        self.assertGreater(sum(pair[-1] for pair in data["pairs"]), 0, "nanoseconds")
        self.assertEqual(sum(pair[-1] for pair in data["pairs"]), sum(entry[-1] for entry in data["byOperator"]))
        self.assertEqual(sum(pair[-1] for pair in data["pairs"]), sum(entry[-1] for entry in data["byPhase"]))
        self.assertEqual(sum(pair[-1] for pair in data["pairs"]), sum(entry[-1] for entry in data["byDtype"]))
        self.assertEqual(run("count", MLP, "--input", "2x4", "--time", "layer").returncode, 2)

    def test_trace(self):
        path = path_of("trace.json")
        report = json.loads(self.count("--trace", path, "--train", "--format", "json"))
        self.assertEqual(report, json.loads(self.count("--train", "--format", "json")), "the run ahead leaves nothing behind")
        trace = json.loads(pathlib.Path(path).read_text())
        slices = [event for event in trace["traceEvents"] if event["ph"] == "X"]
        self.assertEqual(sum(event["args"]["flops"] for event in slices), report["totals"]["flops"])
        self.assertEqual(sum(event["args"]["bytes"] for event in slices), report["totals"]["bytes_read"] + report["totals"]["bytes_written"])
        self.assertEqual(len(slices), report["totals"]["calls"])
        [hidden] = [event for event in slices if event["args"]["module"] == "hidden" and event["args"].get("inputs", "").startswith("3 float32, 2x4")]
        self.assertGreater(hidden["dur"], 0)
        modules = {event["name"] for event in trace["traceEvents"] if event["ph"] == "B"}
        self.assertLessEqual({"forward", "backward", "hidden", "out"}, modules)
        begun = sum(event["ph"] == "B" for event in trace["traceEvents"])
        self.assertEqual(begun, sum(event["ph"] == "E" for event in trace["traceEvents"]))

    def test_hardware_beside_counts(self):
        text = self.count("--hardware")
        self.assertTrue(text.startswith(self.count().rstrip("\n")), "the report itself is the same")
        self.assertRegex(text.splitlines()[-1], r"^Hardware: (not counted, .+|.+ floating-point operations retired, .+ counted.*)\.$")
        self.assertEqual(run("count", MLP, "--input", "2x4", "--hardware", "--format", "csv").returncode, 2)

    def test_a_trace_that_cannot_be_written(self):
        for path, says in (("/dev/full", "No space left on device"), ("/nowhere/trace.json", "No such file or directory")):
            with self.subTest(path):
                result = run("count", MLP, "--input", "2x4", "--trace", path)
                self.assertEqual((result.returncode, result.stdout), (1, ""))
                self.assertIn("cannot write --trace " + path, result.stderr)
                self.assertIn(says, result.stderr)


class Diff(ReportsTest):
    def setUp(self):
        self.old = self.saved("mlp.json")
        self.new = self.saved("new.json", model=WIDER)

    def test_says_what_changed(self):
        text = self.succeeds("diff", self.old, self.new)
        self.assertIn("Modules that changed", text)
        self.assertRegex(text, r"MACs +36 +48 +\+12 +\+33.3 %")
        self.assertEqual(json.loads(self.succeeds("diff", self.old, self.new, "--format", "json"))["totals"]["after"]["macs"], 48)
        self.assertRegex(text, r"forward +\d+ +\d")
        self.assertRegex(text, r"float32 +\d+ +\d")
        self.assertIn("| MACs | 36 | 48 |", self.succeeds("diff", self.old, self.new, "--format", "markdown", "--ancestors", "caller"))
        self.assertIn("No module and no operator has changed", self.succeeds("diff", self.old, self.old))

    def test_the_exit_code_is_for_ci(self):
        self.assertEqual(run("diff", self.old, self.new).returncode, 0)
        self.assertEqual(run("diff", self.old, self.new, "--tolerance", "0.1").returncode, 3)
        self.assertEqual(run("diff", self.old, self.new, "--tolerance", "1").returncode, 0)
        self.assertEqual(run("diff", self.old, self.old, "--tolerance", "0").returncode, 0)
        self.assertEqual(run("diff", self.old, path_of("nowhere.json"), "--tolerance", "0").returncode, 1)
        self.assertEqual(run("diff", self.old).returncode, 2)
        self.assertEqual(run("diff", self.old, self.new, "--tolerance", "-1").returncode, 2)

    def test_matches_renamed_modules(self):
        text = self.succeeds("diff", self.old, self.saved("renamed.json", model=scripted(Renamed(), "renamed")))
        self.assertIn("hidden → first", text)

    def test_writes_a_file_or_nothing(self):
        path = path_of("diff.md")
        self.succeeds("diff", self.old, self.new, "--format", "markdown", "--output", path)
        self.assertIn("Operators that changed", pathlib.Path(path).read_text(encoding="utf-8"))
        self.assertEqual(run("diff", self.old, self.new, "--output", "/nowhere/diff.md").returncode, 1)


class Bench(ReportsTest):
    def test_measures(self):
        report = json.loads(self.succeeds("bench", "--seconds", "0.02", "--format", "json"))
        self.assertEqual(report["schema"], "torchtally.bench/1")
        for dtype in ("float32", "float64", "bfloat16"):
            self.assertGreater(report["peak_flops_per_second"][dtype], 1e8)
        self.assertGreater(report["bandwidth_bytes_per_second"], 1e8)
        for call in report["counting"].values():
            self.assertGreater(call["plain_ns"], 10)
            self.assertGreater(call["counted_ns"], 10)

    def test_says_what_the_roofline_takes(self):
        self.assertRegex(self.succeeds("bench", "--seconds", "0.01"), r"--peak \d+ --bandwidth \d+\n")


class Man(ReportsTest):
    def test_has_every_subcommand_and_option(self):
        page = self.succeeds("man")
        self.assertTrue(page.startswith('.\\" Made by "torchtally man".\n.TH TORCHTALLY 1'), page[:100])
        # The completion knows them from the same place; the help of each would be a run of its own.
        for line in self.succeeds("completion", "fish").splitlines():
            words = line.split()
            if "-l" in words:
                self.assertIn("\\-\\-" + words[words.index("-l") + 1].replace("-", "\\-"), page)
            if "__fish_use_subcommand" in words:
                self.assertIn(f".SH \"torchtally {words[words.index('-a') + 1]}\"", page)
        self.assertIn("torch.jit.script(model.eval()).save", page, "what stands below the options")
        self.assertIsNone(re.search(r"^[.'](?!\\\"|(TH|SH|TP|PP|B|nf|fi|ad)\b)", page, re.M), "text that roff takes for a request")

    def test_writes_a_file(self):
        path = path_of("torchtally.1")
        self.succeeds("man", "--output", path)
        self.assertEqual(pathlib.Path(path).read_text(), self.succeeds("man"))


class Completion(ReportsTest):
    def complete(self, *words):
        script = path_of("completion.bash")
        pathlib.Path(script).write_text(self.succeeds("completion", "bash"))
        quoted = " ".join(f"'{word}'" for word in words)
        program = f'. "{script}"; COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}; _torchtally; printf "%s\\n" "${{COMPREPLY[@]}}"'
        result = subprocess.run(["bash", "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=True)
        self.assertEqual(result.stderr, "")
        return result.stdout.split()

    def test_bash(self):
        self.assertEqual(self.complete("torchtally", "co"), ["count", "completion"])
        self.assertIn("--train", self.complete("torchtally", "count", "--t"))
        self.assertEqual(self.complete("torchtally", "count", "x.pt", "--format", "h"), ["html"])
        self.assertEqual(self.complete("torchtally", "count", "x.pt", "--time", ""), ["module", "operator"])
        self.assertEqual(self.complete("torchtally", "report", "--columns", "flops,sh"), ["flops,share"])
        self.assertEqual(self.complete("torchtally", "completion", "f"), ["fish"])

    def test_zsh_and_fish(self):
        for shell, check in (("zsh", ["zsh", "-n"]), ("fish", ["fish", "--no-execute"])):
            script = path_of("completion." + shell)
            pathlib.Path(script).write_text(self.succeeds("completion", shell))
            self.assertIn("tolerance", pathlib.Path(script).read_text())
            if shutil.which(shell):
                subprocess.run([*check, script], check=True)
            else:
                print(f"{shell} is not installed: the syntax of its script is not checked")

    def test_other_shells(self):
        self.assertEqual(run("completion", "tcsh").returncode, 2)
        self.assertEqual(run("completion").returncode, 2)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[4:]])
