#!/usr/bin/env python3
"""The training examples: they learn, and each line of their log is what a step computes by hand.

    examples_test.py TRAIN_CNN TRAIN_LANGUAGE_MODEL STEP.SCHEMA.json TORCH_MAJOR [unittest's arguments]
"""

import gzip
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

import jsonschema

CNN, LANGUAGE_MODEL, SCHEMA = (str(pathlib.Path(argument).resolve()) for argument in sys.argv[1:4])
TORCH_MAJOR = int(sys.argv[4])
FOLDER = tempfile.TemporaryDirectory()
DATA = pathlib.Path("/usr/share/datasets/fashion-mnist")


def run(*command):
    return subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


class Example(unittest.TestCase):
    def log_of(self, program, *arguments):
        path = pathlib.Path(FOLDER.name) / "log.jsonl"
        result = run(program, "--threads", 1, "--peak", 100, "--log", path, *arguments)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(result.stderr, "")  # no progress where there is no terminal
        self.output = result.stdout
        records = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        validator = jsonschema.Draft202012Validator(json.loads(pathlib.Path(SCHEMA).read_text(encoding="utf-8")))
        for number, record in enumerate(records, 1):
            validator.validate(record)
            self.assertEqual(record["step"], number)
            self.assertEqual(record["peak_flops_per_second"], 100e9)
            self.assertAlmostEqual(record["mfu"], record["model_flops"] / record["seconds"] / 100e9)
            macs = sum(cost["macs"] for cost in record["by_phase"].values())
            masked = sum(cost["masked_macs"] for cost in record["by_phase"].values())
            self.assertEqual(record["hardware_flops"], 2 * macs)
            self.assertEqual(record["model_flops"], 2 * (macs - masked))
        return records

    def learns(self, records):
        self.assertLess(sum(record["loss"] for record in records[-3:]) / 3, 0.8 * records[0]["loss"])

    def fails(self, program, *arguments, says):
        result = run(program, *arguments)
        self.assertNotEqual(result.returncode, 0)
        self.assertRegex(result.stderr, says)
        self.assertEqual(result.stdout, "")


class Cnn(Example):
    BATCH = 32
    # A picture, forward: every output is a sum of 3·3 products for each channel before; then two linear layers.
    FIRST = 32 * 28 * 28 * 9 * 1
    OTHERS = 64 * 14 * 14 * 9 * 32 + 64 * 14 * 14 * 9 * 64 + 64 * 7 * 7 * 128 + 128 * 10
    # Convolutions without bias, batch norm's two a channel, linear layers with bias.
    PARAMETERS = 9 * (32 + 64 * 32 + 64 * 64) + 2 * (32 + 64 + 64) + (64 * 7 * 7 + 1) * 128 + (128 + 1) * 10

    def test_steps(self):
        records = self.log_of(CNN, "--steps", 12, "--batch", self.BATCH, "--test-images", 100)
        self.assertEqual(len(records), 12)
        for record in records:
            phases = record["by_phase"]
            self.assertEqual(phases["forward"]["macs"], self.BATCH * (self.FIRST + self.OTHERS))
            # Nobody asks for the pictures' gradient.
            self.assertEqual(phases["backward"]["macs"], self.BATCH * (self.FIRST + 2 * self.OTHERS))
            # Weight decay and update, a product and a sum each; momentum as well from the second step on.
            per_parameter = 4 if record["step"] == 1 else 6
            self.assertEqual(phases["optimizer"]["flops"], per_parameter * self.PARAMETERS)
            self.assertEqual(record["differs"], record["step"] == 2)
            self.assertFalse(record["reused"])
            for phase in ("recompute", "other"):
                self.assertEqual(phases[phase]["calls"], 0)
        self.learns(records)
        self.assertIn("features.4", self.output)
        self.assertRegex(self.output, r"% of 100 pictures")

    def test_every(self):
        records = self.log_of(CNN, "--steps", 5, "--batch", 2, "--every", 2, "--test-images", 0)
        self.assertEqual([record["reused"] for record in records], [False, True, False, True, False])

    def test_errors(self):
        self.fails(CNN, "--data", "/nowhere", says=r"^train_cnn: cannot read /nowhere/train.*dataset-fashion-mnist")
        self.fails(CNN, "--log", "/nowhere/log", says="--log /nowhere/log: No such file")
        self.fails(CNN, "--steps", 1, "--batch", 1, "--log", "/dev/full", says="--log /dev/full: No space left")
        self.fails(CNN, "--steps", 0, says="--steps")
        for content, says in ((b"no pictures", "is no IDX file"), (b"\0\0\x08\x03\0\0\0\x05", "ends too early")):
            with tempfile.TemporaryDirectory() as folder:
                pathlib.Path(folder, "train-images-idx3-ubyte").write_bytes(content)
                self.fails(CNN, "--data", folder, says=says)
        with tempfile.TemporaryDirectory() as folder:
            name = "train-images-idx3-ubyte.gz"
            pathlib.Path(folder, name).write_bytes((DATA / name).read_bytes()[:1000])
            pathlib.Path(folder, "train-labels-idx1-ubyte.gz").write_bytes((DATA / "train-labels-idx1-ubyte.gz").read_bytes())
            self.fails(CNN, "--data", folder, says="ends too early")
            pathlib.Path(folder, name).write_bytes(gzip.compress(bytes((0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 5, 0, 0, 0, 5)) + bytes(25)))
            self.fails(CNN, "--data", folder, says="no pictures of 28x28")

    def test_help(self):
        self.assertIn("--test-images", run(CNN, "--help").stdout)


class LanguageModel(Example):
    BATCH = 8
    CONTEXT = 64
    WIDTH = 128
    LAYERS = 4

    def test_steps(self):
        records = self.log_of(LANGUAGE_MODEL, "--steps", 30, "--batch", self.BATCH, "--context", self.CONTEXT)
        # Embeddings of 256 bytes and of the places; a layer's four matrices with their biases, and two norms; one more norm, the head.
        width = self.WIDTH
        layer = 12 * width * width + (3 + 1 + 4 + 1) * width + 2 * 2 * width
        parameters = (256 + self.CONTEXT) * width + self.LAYERS * layer + 2 * width + 256 * width
        for record in records:
            length = self.CONTEXT // 4 << (record["step"] - 1) // 10
            tokens = self.BATCH * length
            # Four matrices a layer, of 3, 1, 4 and 4 times width·width; the head.
            linear = tokens * (self.LAYERS * 12 * width * width + 256 * width)
            # A product of attention: each place with each, in all heads together the width.
            attention = self.LAYERS * self.BATCH * length * length * width
            masked = self.LAYERS * self.BATCH * length * (length - 1) // 2 * width
            forward, backward = record["by_phase"]["forward"], record["by_phase"]["backward"]
            # Scores and values. A fused backward makes the scores again, beside the two products that each of the two is worth.
            fused = TORCH_MAJOR >= 2
            self.assertEqual(forward["macs"], linear + 2 * attention)
            self.assertEqual(backward["macs"], 2 * linear + (5 if fused else 4) * attention)
            self.assertEqual(forward["masked_macs"], 2 * masked if fused else 0)
            self.assertEqual(backward["masked_macs"], 5 * masked if fused else 0)
            # AdamW: decay 1, first moment 3, second 4, denominator 2, update 3; a root apart.
            self.assertEqual(record["by_phase"]["optimizer"]["flops"], 13 * parameters)
            self.assertEqual(record["by_phase"]["optimizer"]["transcendentals"], parameters)
            # Counted where the length is new.
            self.assertEqual(record["reused"], (record["step"] - 1) % 10 != 0)
        self.learns(records)
        self.assertIn("blocks.3", self.output)
        self.assertRegex(self.output, r"bits a byte of \d+ bytes")

    def test_a_text_of_ones_own(self):
        text = pathlib.Path(FOLDER.name) / "text"
        text.write_bytes(bytes(range(256)) * 40)
        self.log_of(LANGUAGE_MODEL, "--steps", 1, "--batch", 1, "--context", 8, "--text", text)

    def test_errors(self):
        self.fails(LANGUAGE_MODEL, "--text", "/nowhere", says="^train_language_model: cannot read /nowhere.*--text")
        text = pathlib.Path(FOLDER.name) / "short"
        text.write_text("too short")
        self.fails(LANGUAGE_MODEL, "--text", text, says="has 9 bytes, too few for a context of 128")
        self.fails(LANGUAGE_MODEL, "--context", -1, says="--context")


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[5:]])
