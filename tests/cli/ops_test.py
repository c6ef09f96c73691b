#!/usr/bin/env python3
"""End-to-end tests of torchtally ops and torchtally explain.

    ops_test.py COMMAND TORCHVISION_LIBRARY TORCHVISION_TORCH [unittest's arguments]

COMMAND is the command, TORCHVISION_LIBRARY the library of torchvision's operators for LibTorch TORCHVISION_TORCH ("1.13").
"""

import fcntl
import json
import os
import pathlib
import pty
import re
import struct
import subprocess
import sys
import tempfile
import termios
import unittest

COMMAND, TORCHVISION_LIBRARY = (str(pathlib.Path(argument).resolve()) for argument in sys.argv[1:3])
TORCHVISION_TORCH = sys.argv[3]
SILU = "flops = 1 · outputs, transcendentals = 1 · outputs; if complex, flops = 6 · outputs, transcendentals = 2 · outputs"


def run(*arguments):
    return subprocess.run([COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8", check=False,
                          timeout=600)


def libtorch_version():
    return run("--version").stdout.split("LibTorch ")[1].rstrip(")\n")


def has_torchvisions_libtorch():
    return libtorch_version().startswith(TORCHVISION_TORCH + ".")


class OpsTest(unittest.TestCase):
    maxDiff = None

    def succeeds(self, *arguments):
        result = run(*arguments)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        return result.stdout

    def fails(self, exit_code, *arguments, says):
        result = run(*arguments)
        self.assertEqual((result.returncode, result.stdout), (exit_code, ""), result.stderr)
        for text in says:
            self.assertIn(text, result.stderr)
        self.assertLess(len(result.stderr.splitlines()), 6, result.stderr)
        return result.stderr

    def ops(self, *arguments):
        """The operators that are listed, by name."""
        report = json.loads(self.succeeds("ops", *arguments, "--format", "json"))
        self.assertEqual(report["schema"], "torchtally.ops/1")
        self.assertEqual(report["torch_version"], libtorch_version())
        names = [op["name"] for op in report["operators"]]
        self.assertEqual(names, sorted(set(names)))
        return {op["name"]: op for op in report["operators"]}


class Lists(OpsTest):
    def test_every_leaf_operator_of_this_libtorch(self):
        ops = self.ops()
        self.assertGreater(len(ops), 900)
        self.assertNotIn("aten::add_", ops)  # one operator for all its overloads
        self.assertGreaterEqual(ops["aten::add"]["overloads"], 4)  # Tensor, Scalar, in place, out
        self.assertNotIn("aten::matmul.out", ops)
        self.assertNotIn("aten::layer_norm", ops)  # composite: decomposes
        self.assertIn("aten::max_pool1d", ops)  # composite by registration, but counted itself
        self.assertTrue(all(op["overloads"] > 0 for op in ops.values()))

    def test_what_an_entry_says(self):
        ops = self.ops()
        self.assertEqual(ops["aten::silu"]["verdict"], "counted")
        self.assertIsNone(ops["aten::silu"]["reason"])
        self.assertEqual(ops["aten::silu"]["mathematics"], SILU)
        self.assertEqual(ops["aten::silu"]["arithmetic"], "x sigmoid(x)")
        self.assertEqual(ops["aten::silu"]["dtype"], "result")
        self.assertEqual(ops["aten::addmm"]["dtype"], "operand")
        self.assertEqual((ops["aten::t"]["verdict"], ops["aten::t"]["reason"]), ("zero", "view"))
        for op in ops.values():
            self.assertNotEqual(op["mathematics"], "", op)
            self.assertEqual(op["source"] == "", op["verdict"] == "unknown", op)

    def test_table_has_a_line_per_operator_and_pipes(self):
        lines = self.succeeds("ops").splitlines()
        self.assertEqual(lines[0].split(), ["Operator", "Overloads", "Verdict", "Mathematics"])
        self.assertEqual([line.split()[0] for line in lines[1:]], list(self.ops()))
        self.assertRegex([line for line in lines if line.startswith("aten::t ")][0], r"zero: view +no arithmetic; nothing is touched$")
        self.assertGreater(max(len(line) for line in lines), 200)  # in full
        self.assertFalse(any(line.endswith("…") for line in lines))

    def test_part_of_a_name(self):
        ops = self.ops("conv")
        self.assertIn("aten::convolution", ops)
        self.assertIn("aten::mkldnn_convolution", ops)
        self.assertTrue(all("conv" in name for name in ops))
        self.assertEqual(set(self.ops("aten::silu")), {"aten::silu", "aten::silu_backward"})

    def test_patterns(self):
        self.assertEqual(set(self.ops("silu*")), {"aten::silu", "aten::silu_backward"})
        self.assertEqual(set(self.ops("aten::sil?")), {"aten::silu"})
        self.assertEqual(set(self.ops("*::*ilu_back*d")), {"aten::silu_backward"})
        ops = self.ops("quantized::*")
        self.assertGreater(len(ops), 10)
        self.assertTrue(all(name.startswith("quantized::") for name in ops))

    def test_verdicts(self):
        ops = self.ops()
        parts = {verdict: self.ops("--verdict", verdict) for verdict in {op["verdict"] for op in ops.values()}}
        for verdict, part in parts.items():
            self.assertEqual({op["verdict"] for op in part.values()}, {verdict})
        self.assertEqual(sum(len(part) for part in parts.values()), len(ops))
        self.assertIn("aten::convolution", parts["counted"])
        self.assertIn("aten::view", parts["zero"])

    def test_all_is_the_table_whatever_libtorch_has(self):
        ops = self.ops("--all")
        self.assertIn("torchvision::nms", ops)
        self.assertEqual(ops["torchvision::nms"]["overloads"], 0)
        self.assertNotIn("torchvision::nms", self.ops())
        self.assertEqual({op["verdict"] for op in ops.values()}, {"counted", "zero"})

    def test_library_brings_its_operators(self):
        if not has_torchvisions_libtorch():
            self.skipTest("torchvision's library is built for LibTorch " + TORCHVISION_TORCH)
        ops = self.ops("torchvision::*", "--library", TORCHVISION_LIBRARY)
        self.assertEqual((ops["torchvision::nms"]["overloads"], ops["torchvision::nms"]["verdict"]), (1, "counted"))
        self.assertIn("torchvision::nms(Tensor dets", self.succeeds("explain", "nms", "--library", TORCHVISION_LIBRARY))


class Markdown(OpsTest):
    def test_the_whole_document(self):
        text = self.succeeds("ops", "--all", "--format", "markdown")
        self.assertTrue(text.startswith("# Formulas\n"))
        self.assertIn("torchtally ops --all --format markdown --output docs/formulas.md", text)
        self.assertNotIn(libtorch_version(), text)
        for namespace in ("aten", "quantized", "torchvision"):
            self.assertIn(f"\n## {namespace}\n\n| operator | verdict | mathematics | source |\n|---|---|---|---|\n", text)
        self.assertIn(f"| `aten::silu` | counted | {SILU} (x sigmoid(x)) | textbook definition |", text)

    def test_every_row_has_four_cells(self):
        rows = [line for line in self.succeeds("ops", "--all", "--format", "markdown").splitlines() if line.startswith("| `")]
        self.assertEqual(len(rows), len(self.ops("--all")))
        for row in rows:
            self.assertEqual(len(re.findall(r"(?<!\\)\|", row)), 5, row)

    def test_a_part_has_no_preamble(self):
        text = self.succeeds("ops", "silu", "--format", "markdown")
        self.assertTrue(text.startswith("## aten\n\n| operator"), text)
        self.assertEqual(len(text.splitlines()), 6)


class Output(OpsTest):
    def test_to_a_file(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "ops.txt")
            self.assertEqual(self.succeeds("ops", "silu", "--output", path), "")
            self.assertEqual(pathlib.Path(path).read_text("utf-8"), self.succeeds("ops", "silu"))
            self.fails(1, "ops", "no_such_operator", "--output", path, says=("no operator matches",))
            self.assertEqual(os.listdir(folder), ["ops.txt"])
            self.fails(1, "ops", "--output", os.path.join(folder, "no", "ops"), says=("cannot write --output",))

    def lines_on_a_terminal(self, columns, *arguments):
        main, terminal = pty.openpty()
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        with subprocess.Popen([COMMAND, *arguments], stdout=terminal) as process:
            os.close(terminal)
            output = b""
            try:
                while chunk := os.read(main, 65536):
                    output += chunk
            except OSError:  # how a terminal ends
                pass
            self.assertEqual(process.wait(), 0)
        os.close(main)
        return output.decode("utf-8").replace("\r\n", "\n").splitlines()

    def test_cut_to_the_width_of_a_terminal(self):
        lines = self.lines_on_a_terminal(80, "ops", "aten::*attention*")
        self.assertEqual(max(len(line) for line in lines), 80)
        self.assertTrue(any(line.endswith("…") for line in lines))
        whole = self.succeeds("ops", "aten::*attention*").splitlines()
        self.assertEqual(len(lines), len(whole))
        for line, full in zip(lines, whole):
            self.assertTrue(full.startswith(line.rstrip("…")), line)
        self.assertEqual(self.lines_on_a_terminal(2000, "ops", "aten::*attention*"), whole)

    def test_a_broken_pipe_ends_quietly(self):
        reader, writer = os.pipe()
        os.close(reader)
        result = subprocess.run([COMMAND, "ops"], stdout=writer, stderr=subprocess.PIPE, check=False)
        os.close(writer)
        self.assertEqual(result.stderr, b"")


class NothingMatches(OpsTest):
    def test_nearest_names(self):
        self.fails(1, "ops", "convolutoin", says=("no operator matches 'convolutoin'", "Did you mean aten::convolution"))
        self.fails(1, "ops", "aten::sofmax", says=("Did you mean", "aten::softmax"))
        self.fails(1, "ops", "zzzzzzzzzzzz", says=("no operator matches", "torchtally ops lists all"))

    def test_composites(self):
        self.fails(1, "ops", "aten::layer_norm", says=("but composites", "torchtally explain aten::layer_norm"))

    def test_other_verdicts(self):
        self.fails(1, "ops", "aten::silu", "--verdict", "zero", says=("has another: torchtally explain aten::silu",))
        self.fails(1, "ops", "--all", "--verdict", "unknown", says=("the table has no row that is unknown",))

    def test_operators_of_another_libtorch(self):
        self.fails(1, "ops", "torchvision::nms", says=("in LibTorch", "--all"))


class Explain(OpsTest):
    def fields(self, op):
        """Title to text, of the lines that have a title."""
        lines = self.succeeds("explain", op).splitlines()
        return lines[0], {line.split()[0]: line[13:] for line in lines[1:] if line and line[0] != " "}, lines

    def test_a_row_in_full(self):
        name, fields, lines = self.fields("aten::convolution_backward")
        self.assertEqual(name, "aten::convolution_backward")
        self.assertEqual(fields["verdict"], "counted")
        self.assertIn("macs = the forward's", fields["mathematics"])
        self.assertIn("conv_backward_flop", fields["source"])
        self.assertIn("of the operand", fields["dtype"])
        self.assertEqual(fields["composite"], "no")
        self.assertIn("in LibTorch " + libtorch_version(), fields["overloads"])
        schemas = [line.strip() for line in lines if line.startswith("  aten::")]
        self.assertEqual(len(schemas), int(fields["overloads"].split()[0]))
        self.assertTrue(any(schema.startswith("aten::convolution_backward(Tensor grad_output, Tensor input") for schema in schemas))
        self.assertTrue(lines[-2].startswith("Conventions: macs"))

    def test_other_spellings(self):
        whole = self.succeeds("explain", "aten::add")
        for op in ("add", "aten::add_", "aten::add.Tensor", "aten::add_.Tensor", "add.Tensor"):
            self.assertEqual(self.succeeds("explain", op), whole, op)
        self.assertIn("aten::add_.Tensor(Tensor(a!) self", whole)
        self.assertIn("of the result", whole)

    def test_arithmetic_and_reason(self):
        self.assertEqual(self.fields("silu")[1]["arithmetic"], "x sigmoid(x)")
        self.assertEqual(self.fields("aten::t")[1]["verdict"], "zero: view")
        self.assertNotIn("dtype", self.fields("aten::t")[1])

    def test_composites(self):
        _, fields, _ = self.fields("aten::layer_norm")
        self.assertEqual(fields["verdict"], "composite: its parts are counted")
        self.assertIn("CompositeImplicitAutograd", fields["composite"])
        self.assertIn("its parts are counted", fields["composite"])
        # A kernel of its own on some backend: then its row counts.
        _, fields, lines = self.fields("aten::linear")
        self.assertIn("macs = rows", fields["mathematics"])
        self.assertTrue(any("a kernel of its own is called, and the verdict above holds" in line for line in lines))

    def test_operators_of_another_libtorch(self):
        _, fields, _ = self.fields("torchvision::nms")
        self.assertEqual(fields["verdict"], "counted")
        self.assertEqual(fields["overloads"], "none in LibTorch " + libtorch_version())

    def test_unknown_names(self):
        self.fails(1, "explain", "aten::convoluton", says=("no operator 'aten::convoluton'", "Did you mean aten::convolution"))
        self.fails(1, "explain", "convoluton", says=("Did you mean aten::convolution",))
        self.fails(1, "explain", "aten::add.Tensr", says=("has no overload 'Tensr'", "aten::add.Tensor"))
        for nothing in ("", "::", ".", "zzzzzzzzzzzz"):
            self.fails(1, "explain", nothing, says=("no operator", "torchtally ops"))


class Usage(OpsTest):
    def test_wrong_usage_is_2_and_points_to_the_right_help(self):
        for arguments in (("ops", "--format", "xml"), ("ops", "--verdict", "maybe"), ("ops", "a", "b")):
            self.fails(2, *arguments, says=("See torchtally ops --help",))
        for arguments in (("explain",), ("explain", "a", "b"), ("explain", "aten::add", "--all")):
            self.fails(2, *arguments, says=("See torchtally explain --help",))

    def test_help_teaches_by_example(self):
        self.assertIn("torchtally ops 'conv*'", self.succeeds("ops", "--help"))
        self.assertIn("torchtally ops --verdict unknown", self.succeeds("ops", "--help"))
        self.assertIn("torchtally explain aten::convolution_backward", self.succeeds("explain", "--help"))
        self.assertIn("torchtally explain aten::convolution_backward", self.succeeds("--help"))

    def test_a_library_for_another_libtorch(self):
        """It may crash while it is loaded: that too is said in words."""
        if has_torchvisions_libtorch():
            self.skipTest("torchvision's library is built for this LibTorch")
        self.fails(1, "ops", "--library", TORCHVISION_LIBRARY, says=("cannot load --library", "has to be built for LibTorch"))

    def test_no_such_library(self):
        self.fails(1, "ops", "--library", "/nowhere/no.so", says=("cannot load --library /nowhere/no.so",))


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[4:]])
