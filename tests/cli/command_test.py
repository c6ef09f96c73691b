#!/usr/bin/env python3
"""End-to-end tests of the torchtally command.

    command_test.py COMMAND MODELS TORCHVISION_LIBRARY [unittest's arguments]

COMMAND is the command, MODELS a folder of weightless torchvision archives (tests/models/export_models.py), TORCHVISION_LIBRARY
the library of torchvision's operators for Debian's LibTorch. The small models below are scripted here; they check
what they are given themselves: a run that ends well says that the input arrived as it was meant.
"""

import json
import os
import pathlib
import pty
import stat
import subprocess
import sys
import tempfile
import unittest
import zipfile
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

import torch
from torch import Tensor, nn

COMMAND, MODELS, TORCHVISION_LIBRARY = (str(pathlib.Path(argument).resolve()) for argument in sys.argv[1:4])
FOLDER = tempfile.TemporaryDirectory()
ROOT_IGNORES_PERMISSIONS = os.geteuid() == 0


class Mlp(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(4, 3)
        self.out = nn.Linear(3, 2)

    def forward(self, x):
        return self.out(torch.relu(self.hidden(x)))


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1)

    def forward(self, x):
        return torch.relu(self.conv(x))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = nn.Sequential(Block(), nn.Dropout(0.5))
        self.spare = nn.Linear(5, 5)

    def forward(self, x):
        return self.blocks(x)


class Shape(nn.Module):
    def forward(self, x: Tensor, sizes: List[int], dtype: str):
        assert x.shape == sizes
        assert str(x.dtype) == dtype or dtype == ""
        return x


class Tokens(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(7, 2)

    def forward(self, x):
        assert x.dtype == torch.int64
        assert int(x.min()) == 0 and int(x.max()) == 6, "1000 numbers below 7 should hold 0 and 6"
        return self.embedding(x)


class Uniform(nn.Module):
    def forward(self, x):
        assert x.dtype == torch.float32
        assert float(x.min()) >= 0.0 and float(x.max()) < 1.0 and float(x.std()) > 0.1
        return x


class Zeros(nn.Module):
    def forward(self, x):
        assert not bool(x.any())
        return x


class Images(nn.Module):
    def forward(self, images: List[Tensor]):
        total = 0
        for image in images:
            total += image.numel()
        assert total == 3 * 8 * 8 + 3 * 4 * 4
        return total


class Scalars(nn.Module):
    def forward(self, i: int, f: float, b: bool, s: str, n: Optional[Tensor], d: torch.device):
        assert i == -5 and f == 0.5 and b and s == "a, b" and n is None
        return torch.zeros(1, device=d)


class Numbers(nn.Module):
    def forward(self, numbers: List[int], factors: List[float], empty: List[int], names: List[str]):
        assert numbers == [1, 2] and factors == [0.5, 2.0] and len(empty) == 0 and names == ["a", "b"]
        return numbers


class Nested(nn.Module):
    def forward(self, pair: Tuple[Tensor, Tuple[Tensor, int]], lists: List[List[Tensor]], features: Dict[str, Tensor],
                by_level: Dict[int, List[Tensor]]):
        assert pair[0].shape == [1, 3] and pair[1][0].shape == [2] and pair[1][1] == 7
        assert len(lists) == 2 and len(lists[0]) == 1 and len(lists[1]) == 0
        assert features["a"].shape == [4] and features["b"].shape == [5]
        assert by_level[3][0].shape == [6]
        return features


class Point(NamedTuple):
    x: Tensor
    y: Tensor


class NamedPoint(nn.Module):
    def forward(self, point: Point):
        return point.x + point.y


class Whatever(nn.Module):
    def forward(self, x: Any):
        assert isinstance(x, List[Tensor])
        return x


class Defaults(nn.Module):
    def forward(self, x, scale: float = 2.0, mask: Optional[Tensor] = None):
        if mask is not None:
            assert mask.dtype == torch.bool
            x = x * mask
        return x * scale


class Raises(nn.Module):
    def forward(self, x):
        if x.dim() != 4:
            raise ValueError("need an image")
        return x


class Grows(nn.Module):
    def forward(self, x):
        return x.repeat(99999999999999999)


class Values(nn.Module):
    def forward(self, x):
        if bool(x.sum() > 0):
            return x + 1
        return x


class Median(nn.Module):
    def forward(self, x):
        return torch.median(x)


class Unpack(nn.Module):
    def forward(self, x):
        return torch.ops.quantized.embedding_bag_4bit_unpack(x)


class Suppress(nn.Module):
    def forward(self, boxes, scores):
        return torch.ops.torchvision.nms(boxes, scores, 0.5)


class NoForward(nn.Module):
    @torch.jit.export
    def encode(self, x):
        return x


def path_of(name):
    return str(pathlib.Path(FOLDER.name) / name)


def scripted(module, name=None):
    """The archive of a module, made when first asked for."""
    path = path_of((name or type(module).__name__) + ".pt")
    if not os.path.exists(path):
        torch.jit.script(module).save(path)
    return path


def run(*arguments, **options):
    return subprocess.run([COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False, timeout=600,
                          **options)


def libtorch_version():
    return run("--version").stdout.split("LibTorch ")[1].rstrip(")\n")


class CommandTest(unittest.TestCase):
    maxDiff = None

    def count(self, model, *inputs, options=()):
        """The JSON report of a run that has to succeed and to be silent otherwise."""
        arguments = [argument for text in inputs for argument in ("--input", text)]
        result = run("count", model, *arguments, "--format", "json", *options)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        return json.loads(result.stdout)

    def fails(self, exit_code, *arguments, says):
        """A run that has to fail: nothing on stdout, every text of `says` on stderr, and no stack."""
        result = run(*arguments)
        self.assertEqual((result.returncode, result.stdout), (exit_code, ""), result.stderr)
        for text in says:
            self.assertIn(text, result.stderr)
        self.assertNotIn("frame #", result.stderr)
        self.assertNotIn("<--- HERE", result.stderr)
        self.assertLess(len(result.stderr.splitlines()), 12, result.stderr)
        return result.stderr


class Formats(CommandTest):
    def test_json_has_exact_figures(self):
        report = self.count(scripted(Mlp()), "2x4")
        self.assertEqual(report["schema"], "torchtally/1")
        self.assertEqual(report["torch_version"], libtorch_version())
        # 2 rows: 2*4*3 and 2*3*2 multiply-adds; weights and biases 4*3 + 3 and 3*2 + 2.
        self.assertEqual(report["totals"]["macs"], 36)
        self.assertEqual(report["by_module"]["hidden"]["macs"], 24)
        self.assertEqual(report["by_module"]["out"]["macs"], 12)
        self.assertEqual(report["parameters"], {"total": 23, "trainable": 23})
        self.assertEqual(report["unknown_operators"], {})

    def test_table_shows_modules_down_to_depth(self):
        result = run("count", scripted(Net()), "--input", "1x3x8x8")
        lines = result.stdout.splitlines()
        self.assertEqual(lines[0].split(), ["Module", "Type", "Parameters", "MACs", "FLOPs", "Activations"])
        # 8 * 3 * 3 * 3 multiply-adds for each of 64 places.
        self.assertIn(["blocks.0.conv", "Conv2d", "224", "13.82", "k"], [line.split()[:5] for line in lines])
        self.assertIn("not called: ", result.stdout)
        shallow = run("count", scripted(Net()), "--input", "1x3x8x8", "--depth", "1").stdout
        self.assertIn("blocks", shallow)
        self.assertNotIn("blocks.0", shallow)

    def test_tree_is_indented(self):
        lines = run("count", scripted(Net()), "--input", "1x3x8x8", "--format", "tree").stdout.splitlines()
        self.assertTrue(lines[0].startswith("Net "), lines[0])
        self.assertTrue(lines[1].startswith("  blocks: Sequential "), lines[1])
        self.assertTrue(lines[3].startswith("      conv: Conv2d "), lines[3])
        self.assertIn("13.82 k MACs", lines[3])
        self.assertIn("not called", [line for line in lines if "spare: Linear" in line][0])

    def test_runs_in_evaluation_mode_without_gradients(self):
        module = Net().train()
        report = self.count(scripted(module, "Train"), "1x3x8x8")
        self.assertNotIn("aten::dropout", report["by_operator"])
        self.assertEqual([name for name in report["by_operator"] if "bernoulli" in name or "native_dropout" in name], [])

    def test_says_the_same_twice(self):
        arguments = ("count", scripted(Tokens()), "--input", "1000:int64<7", "--format", "json")
        self.assertEqual(run(*arguments).stdout, run(*arguments).stdout)

    def test_a_traced_model(self):
        torch.jit.trace(Net().eval(), torch.rand(1, 3, 8, 8)).save(path_of("traced.pt"))
        self.assertEqual(self.count(path_of("traced.pt"), "2x3x8x8")["totals"]["macs"], 2 * 64 * 216)


class Inputs(CommandTest):
    def test_shapes_and_types(self):
        for text, sizes, dtype in (("2x3x4", (2, 3, 4), ""), ("5", (5,), ""), ("0x4", (0, 4), ""), ("scalar", (), ""),
                                   ("1x8:bfloat16", (1, 8), "15"), ("2:float64", (2,), "7"), ("2:float16", (2,), "5"),
                                   ("2:uint8<256", (2,), "0"), ("2:complex64", (2,), "9"), ("scalar:int64<3", (), "4")):
            with self.subTest(text):
                sizes_text = "[" + ",".join(f"int={size}" for size in sizes) + "]"
                self.count(scripted(Shape()), text, sizes_text, "str=" + dtype)

    def test_values_of_random_tensors(self):
        self.count(scripted(Uniform()), "1000")
        self.count(scripted(Tokens()), "1000:int64<7")
        self.count(scripted(Zeros()), "1000:int32")
        self.count(scripted(Zeros()), "1000:bool")

    def test_list_of_tensors(self):
        self.count(scripted(Images()), "[3x8x8,3x4x4]")

    def test_scalars(self):
        self.count(scripted(Scalars()), "int=-5", "float=0.5", "bool=true", "str=a, b", "none", "str=cpu")

    def test_an_integer_is_a_float(self):
        self.count(scripted(Defaults()), "2", "int=3")

    def test_lists_of_numbers_get_the_declared_type(self):
        self.count(scripted(Numbers()), "[int=1,int=2]", "[float=0.5,int=2]", "[]", "[str=a,str=b]")

    def test_nested_values(self):
        self.count(scripted(Nested()), "(1x3,(2,int=7))", "[[3],[]]", "{a=4,b=5}", "{3=[6]}")

    def test_named_tuple_and_any(self):
        self.count(scripted(NamedPoint()), "(3,3)")
        self.count(scripted(Whatever()), "[3,4]")

    def test_defaults_and_names(self):
        self.assertEqual(self.count(scripted(Defaults()), "1x8")["by_operator"]["aten::mul"]["calls"], 1)
        self.assertEqual(self.count(scripted(Defaults()), "1x8", "mask=1x8:bool")["by_operator"]["aten::mul"]["calls"], 2)
        self.count(scripted(Defaults()), "mask=1x8:bool", "x=1x8", "scale=float=3")

    def test_overloads_of_forward(self):
        # nn.LSTM's forward() takes a tensor or a packed sequence: the archive has forward__0 and forward__1.
        model = scripted(nn.LSTM(8, 16), "Lstm")
        # Four gates of 16 from 8 inputs and from 16 of the state before, 5 steps of 2 sequences.
        self.assertEqual(self.count(model, "5x2x8")["totals"]["macs"], 5 * 2 * 4 * 16 * (8 + 16))
        self.assertEqual(self.count(model, "5x2x8", "(1x2x16,1x2x16)")["totals"]["macs"], 5 * 2 * 4 * 16 * (8 + 16))

    def test_saved_tensor(self):
        torch.save(torch.tensor([[0, 6] * 500]), path_of("tokens.pt"))
        self.count(scripted(Tokens()), "@" + path_of("tokens.pt"))

    def test_saved_structures(self):
        torch.save([torch.rand(3, 8, 8), torch.rand(3, 4, 4)], path_of("images.pt"))
        self.count(scripted(Images()), "@" + path_of("images.pt"))
        torch.save({"a": torch.rand(4), "b": torch.rand(5)}, path_of("features.pt"))
        torch.save((torch.rand(1, 3), (torch.rand(2), 7)), path_of("pair.pt"))
        self.count(scripted(Nested()), "@" + path_of("pair.pt"), "[[3],[]]", "@" + path_of("features.pt"), "{3=[6]}")

    def test_saved_tensor_inside_of_a_list(self):
        torch.save(torch.rand(3, 8, 8), path_of("image.pt"))
        self.count(scripted(Images()), f"[@{path_of('image.pt')},3x4x4]")

    def test_tensor_saved_by_cpp(self):
        # What C++'s torch::save(tensor) writes: a module with the attribute "0".
        module = nn.Module()
        module.register_buffer("0", torch.tensor([[0, 6] * 500]))
        torch.jit.script(module).save(path_of("cpp.pt"))
        self.count(scripted(Tokens()), "@" + path_of("cpp.pt"))


class WrongInputs(CommandTest):
    def test_too_few_names_the_argument_and_the_signature(self):
        message = self.fails(1, "count", scripted(Mlp()), says=("no --input for the argument 'x'", "--input '1x3x224x224'"))
        self.assertIn("forward(x: Tensor) -> Tensor", message)

    def test_too_many(self):
        self.fails(1, "count", scripted(Mlp()), "--input", "2x4", "--input", "int=1",
                   says=("--input 'int=1' is one input too many", "forward(x: Tensor)"))

    def test_wrong_type_shows_how_to_write_the_right_one(self):
        self.fails(1, "count", scripted(Images()), "--input", "3x8x8",
                   says=("does not fit the argument 'images', which is List[Tensor]", "--input '[1x3x224x224,1x3x224x224]'"))
        self.fails(1, "count", scripted(Images()), "--input", "[3x8x8,int=1]", says=("does not fit the argument 'images'",))
        self.fails(1, "count", scripted(Scalars()), "--input", "5", says=("which is int", "try --input 'int=5'"))
        self.fails(1, "count", scripted(Defaults()), "--input", "none", says=("does not fit the argument 'x', which is Tensor",))

    def test_unknown_and_double_names(self):
        self.fails(1, "count", scripted(Defaults()), "--input", "1x8", "--input", "masks=1x8",
                   says=("no argument 'masks'", "mask: Optional[Tensor] = None"))
        self.fails(1, "count", scripted(Defaults()), "--input", "1x8", "--input", "x=1x8", says=("'x' is given twice",))

    def test_wrong_shape_names_the_module(self):
        self.fails(1, "count", scripted(Net()), "--input", "1x4x8x8",
                   says=("the model failed in blocks.0.conv (Conv2d): ", "expected input[1, 4, 8, 8] to have 3 channels",
                         "forward(x: Tensor)"))

    def test_more_than_memory_has_place_for(self):
        # The first number of bytes fits into 64 bits, and into the address space of no machine.
        hint = "does not fit into memory\n  Give a smaller "
        message = self.fails(1, "count", scripted(Mlp()), "--input", "99999999999999999x4", says=("--input '99999999999999999x4' " + hint,))
        self.assertIn("--device meta", message)
        message = self.fails(1, "count", scripted(Grows()), "--input", "4", says=("the model failed: it " + hint,))
        self.assertIn("--device meta", message)
        for device in ("cpu", "meta"):
            self.fails(1, "count", scripted(Mlp()), "--input", "999999999999999999x999999999999x3", "--device", device,
                       says=("--input '999999999999999999x999999999999x3' cannot be made: ",))

    def test_exception_of_the_model_itself(self):
        self.fails(1, "count", scripted(Raises()), "--input", "1x4", says=("the model failed: ValueError: need an image",))

    def test_a_comment_in_the_source_is_not_what_happened(self):
        # torch._assert() has comments in its first column, which TorchScript lists.
        message = self.fails(1, "count", os.path.join(MODELS, "vit_b_16.pt"), "--input", "1x3x200x200",
                             says=("the model failed: AssertionError: Wrong image height! Expected 224 but got 200!\n",))
        self.assertEqual(len(message.splitlines()), 2, message)

    def test_saved_values_that_are_none(self):
        pathlib.Path(path_of("random.bin")).write_bytes(bytes(range(256)))
        self.fails(1, "count", scripted(Mlp()), "--input", "@" + path_of("random.bin"), says=("is not a saved value", "torch.save(value"))
        self.fails(1, "count", scripted(Mlp()), "--input", "@/nowhere/x.pt", says=("@/nowhere/x.pt", "No such file"))
        self.fails(1, "count", scripted(Mlp()), "--input", "@" + FOLDER.name, says=("it is a folder",))
        self.fails(1, "count", scripted(Mlp()), "--input", "@" + scripted(Net()), says=("is not a saved value",))

    def test_a_model_without_forward(self):
        self.fails(1, "count", scripted(NoForward()), says=("has no forward()",))


class WrongModels(CommandTest):
    def test_no_file(self):
        self.fails(1, "count", path_of("nowhere.pt"), says=("cannot open the model", "nowhere.pt", "No such file or directory"))

    def test_a_folder(self):
        self.fails(1, "count", FOLDER.name, says=("is a folder",))

    def test_not_an_archive(self):
        torch.save(Mlp().state_dict(), path_of("weights.pth"))
        torch.save(Mlp().state_dict(), path_of("legacy.pth"), _use_new_zipfile_serialization=False)
        pathlib.Path(path_of("noise.pt")).write_bytes(os.urandom(5000))
        pathlib.Path(path_of("empty.pt")).write_bytes(b"")
        with zipfile.ZipFile(path_of("other.zip"), "w") as other:
            other.writestr("readme", "not a model")
        for name in ("weights.pth", "legacy.pth", "noise.pt", "empty.pt", "other.zip"):
            with self.subTest(name):
                self.fails(1, "count", path_of(name), "--input", "2x4",
                           says=("is not a TorchScript archive", 'torch.jit.script(model).save("model.pt")'))

    def test_a_truncated_archive(self):
        whole = pathlib.Path(scripted(Mlp())).read_bytes()
        pathlib.Path(path_of("half.pt")).write_bytes(whole[:len(whole) // 2])
        self.fails(1, "count", path_of("half.pt"), "--input", "2x4", says=("half.pt",))


class Libraries(CommandTest):
    def model(self):
        torch.ops.load_library(TORCHVISION_LIBRARY)
        return scripted(Suppress())

    def test_an_operator_that_needs_a_library(self):
        self.fails(1, "count", self.model(), "--input", "3x4", "--input", "3", says=("torchvision::nms", "--library"))

    def test_no_library(self):
        self.fails(1, "count", scripted(Mlp()), "--library", path_of("no.so"), says=("cannot load --library", "no.so"))

    def test_a_library_brings_the_operator(self):
        if not libtorch_version().startswith(torch.__version__.split(".0a")[0]):
            self.skipTest("torchvision's library is built for LibTorch " + torch.__version__)
        report = self.count(self.model(), "3x4", "3", options=("--library", TORCHVISION_LIBRARY))
        self.assertEqual(report["totals"]["calls"], 1)


class Usage(CommandTest):
    def test_wrong_usage_is_2_and_points_to_help(self):
        for arguments in ((), ("count",), ("weigh", "x.pt"), ("count", "x.pt", "--nonsense"), ("count", "x.pt", "--format", "xml"),
                          ("count", "x.pt", "--depth", "-1"), ("count", "x.pt", "--depth", "deep"),
                          ("count", "x.pt", "--device", "tpu"), ("count", "x.pt", "y.pt")):
            with self.subTest(arguments):
                self.fails(2, *arguments, says=("--help",))

    def test_an_unknown_subcommand_is_named(self):
        self.fails(2, "weigh", "x.pt", says=("'weigh' is no subcommand; there are count, report, diff", "torchtally --help"))
        self.fails(2, "--nonsense", says=("A subcommand is required",))
        self.fails(2, "count", says=("MODEL is required",))

    def test_wrong_input_grammar_is_2_with_position_and_example(self):
        self.fails(2, "count", "x.pt", "--input", "1x3xx224", says=("at character 5", "example: --input '1x3x224x224'"))
        self.fails(2, "count", "x.pt", "--input", "{a=4x4,a=4x4}", says=("expected each key once at character 8",))

    def test_help_teaches_by_example(self):
        for arguments in (("--help",), ("count", "--help")):
            result = run(*arguments)
            self.assertEqual((result.returncode, result.stderr), (0, ""))
            self.assertIn("torchtally count resnet50.pt --input 1x3x224x224", result.stdout)
        self.assertIn("[3x320x320,3x256x256]", result.stdout)
        self.assertIn("scalar:int64", result.stdout)
        self.assertIn("Exit codes: 0, 1 if it failed, 2 if", result.stdout)

    def test_version(self):
        self.assertRegex(run("--version").stdout, r"^torchtally \d+\.\d+\.\d+ \(LibTorch \d+\.\d+\.\d+.*\)\n$")

    def test_cuda_counts_or_says_that_there_is_none(self):
        arguments = ("count", scripted(Mlp()), "--input", "2x4", "--format", "json", "--device", "cuda")
        result = run(*arguments)
        if result.returncode == 0:
            self.assertEqual(json.loads(result.stdout)["totals"]["macs"], 36)
        else:
            self.fails(1, *arguments, says=("finds no CUDA device", "--device cpu"))


class Output(CommandTest):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(dir=FOLDER.name)
        self.addCleanup(self.folder.cleanup)

    def files(self):
        return sorted(os.listdir(self.folder.name))

    def write(self, path, *options):
        return run("count", scripted(Mlp()), "--input", "2x4", "--format", "json", "--output", path, *options)

    def test_a_new_file(self):
        path = os.path.join(self.folder.name, "report.json")
        result = self.write(path)
        self.assertEqual((result.returncode, result.stdout, result.stderr), (0, "", ""))
        self.assertEqual(json.loads(pathlib.Path(path).read_text())["totals"]["macs"], 36)
        self.assertEqual(self.files(), ["report.json"])
        mask = os.umask(0)
        os.umask(mask)
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o666 & ~mask)

    def test_a_failed_run_leaves_the_old_file(self):
        path = os.path.join(self.folder.name, "report.json")
        pathlib.Path(path).write_text("old")
        self.fails(1, "count", scripted(Mlp()), "--input", "2x5", "--output", path, says=("the model failed in hidden (Linear)",))
        self.assertEqual(pathlib.Path(path).read_text(), "old")
        self.assertEqual(self.files(), ["report.json"])

    def test_through_a_symbolic_link_keeping_the_mode(self):
        target = os.path.join(self.folder.name, "target.json")
        link = os.path.join(self.folder.name, "link.json")
        pathlib.Path(target).write_text("old")
        os.chmod(target, 0o640)
        os.symlink(target, link)
        self.assertEqual(self.write(link).returncode, 0)
        self.assertTrue(os.path.islink(link))
        self.assertEqual(json.loads(pathlib.Path(target).read_text())["schema"], "torchtally/1")
        self.assertEqual(stat.S_IMODE(os.stat(target).st_mode), 0o640)

    def test_a_device_is_written_not_replaced(self):
        self.assertEqual(self.write("/dev/null").returncode, 0)
        self.assertTrue(stat.S_ISCHR(os.stat("/dev/null").st_mode))

    def test_unwritable_is_found_before_the_model_is_looked_at(self):
        for path, why in ((os.path.join(self.folder.name, "no", "report.json"), "No such file or directory"),
                          (self.folder.name, "it is a folder")):
            with self.subTest(why):
                self.fails(1, "count", "/nowhere/model.pt", "--output", path, says=("cannot write --output", why))

    def test_a_folder_that_is_only_read(self):
        # Root may write anywhere, so there the command runs as nobody.
        as_other = {"user": 65534, "group": 65534, "extra_groups": []} if ROOT_IGNORES_PERMISSIONS else {}
        os.chmod(FOLDER.name, 0o755)
        os.chmod(self.folder.name, 0o555)
        for option in ("--output", "--trace"):
            with self.subTest(option):
                path = os.path.join(self.folder.name, "r")
                try:
                    result = subprocess.run([COMMAND, "count", "/nowhere/model.pt", option, path], capture_output=True, text=True,
                                            check=False, **as_other)
                except PermissionError:
                    self.skipTest(f"nobody may not run {COMMAND}")
                self.assertEqual((result.returncode, result.stdout), (1, ""))
                self.assertIn(f"cannot write {option} {path}: Permission denied", result.stderr)
                self.assertEqual(os.listdir(self.folder.name), [])

    def test_a_full_disk(self):
        for arguments in (("count", scripted(Mlp()), "--input", "2x4"), ("--help",), ("count", "--help"), ("--version",)):
            with self.subTest(arguments), open("/dev/full", "wb") as full:
                result = subprocess.run([COMMAND, *arguments], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
                self.assertEqual(result.returncode, 1)
                self.assertIn("cannot write to the standard output: No space left on device", result.stderr)

    def test_a_hyphen_is_the_standard_output(self):
        arguments = (COMMAND, "count", scripted(Mlp()), "--input", "2x4", "--format", "json", "--output", "-")
        result = subprocess.run(arguments, capture_output=True, text=True, check=False, cwd=self.folder.name)
        self.assertEqual(json.loads(result.stdout)["totals"]["macs"], 36)
        for command in ("bench", "diff", "man", "ops", "report"):
            self.assertRegex(run(command, "--help").stdout, r"standard output if not\s+given, or if -")
        self.assertEqual(self.files(), [])

    def test_a_broken_pipe_ends_quietly(self):
        for ignored in (False, True):
            with self.subTest(ignored=ignored):
                reader, writer = os.pipe()
                os.close(reader)
                result = subprocess.run([COMMAND, "count", scripted(Mlp()), "--input", "2x4"], stdout=writer, stderr=subprocess.PIPE,
                                        text=True, check=False, restore_signals=not ignored)
                os.close(writer)
                self.assertEqual(result.stderr, "")

    def test_progress_goes_to_a_terminal_only(self):
        master, slave = pty.openpty()
        result = subprocess.run([COMMAND, "count", scripted(Mlp()), "--input", "2x4", "--format", "json"], stdout=subprocess.PIPE,
                                stderr=slave, check=False)
        os.close(slave)
        self.assertIn(b"running", os.read(master, 10000))
        os.close(master)
        self.assertEqual(json.loads(result.stdout)["totals"]["macs"], 36)


class Meta(CommandTest):
    """Without computing: the same figures as on the CPU."""

    COMPARED = ("macs", "flops", "matmul_flops", "transcendentals", "activations", "bytes_read", "bytes_written", "calls")

    def assert_same_on_meta(self, model, *inputs):
        on_cpu = self.count(model, *inputs)
        on_meta = self.count(model, *inputs, options=("--device", "meta"))
        for field in self.COMPARED:
            self.assertEqual({name: cost[field] for name, cost in on_meta["by_operator"].items()},
                             {name: cost[field] for name, cost in on_cpu["by_operator"].items()}, field)
        self.assertEqual(on_meta["by_module"], on_cpu["by_module"])
        self.assertGreater(on_meta["totals"]["macs"], 0)

    def test_small_models(self):
        self.assert_same_on_meta(scripted(Mlp()), "2x4")
        self.assert_same_on_meta(scripted(Net()), "1x3x8x8")

    def test_convolutions(self):
        for dims, conv, transposed in ((1, nn.Conv1d, nn.ConvTranspose1d), (2, nn.Conv2d, nn.ConvTranspose2d),
                                       (3, nn.Conv3d, nn.ConvTranspose3d)):
            shape = "2x4" + "x9" * dims
            with self.subTest(dims):
                self.assert_same_on_meta(scripted(conv(4, 6, 3, stride=2, padding=1, dilation=2, groups=2), f"Conv{dims}"), shape)
                self.assert_same_on_meta(scripted(transposed(4, 6, 3, stride=2, padding=1, output_padding=1, groups=2),
                                                  f"Transposed{dims}"), shape)

    def test_torchvision_models(self):
        # Not operator by operator: nn.MultiheadAttention takes its fused path on the CPU and on CUDA only, and linear adds its
        # bias by another operator. The sums are the same.
        for name, inputs in TORCHVISION_MODELS.items():
            with self.subTest(name):
                path = os.path.join(MODELS, name + ".pt")
                on_cpu = self.count(path, *inputs)
                on_meta = self.count(path, *inputs, options=("--device", "meta"))
                for field in ("macs", "flops", "matmul_flops", "transcendentals"):
                    self.assertEqual(on_meta["totals"][field], on_cpu["totals"][field], field)
                self.assertEqual({name: cost["macs"] for name, cost in on_meta["by_module"].items() if cost["macs"]},
                                 {name: cost["macs"] for name, cost in on_cpu["by_module"].items() if cost["macs"]})
                self.assertEqual(on_meta["unknown_operators"], {})

    def test_a_model_that_asks_for_values(self):
        self.fails(1, "count", scripted(Values()), "--input", "4", "--device", "meta",
                   says=("the model failed: ", "depends on values", "--device cpu"))

    def test_an_operator_without_a_meta_kernel(self):
        self.fails(1, "count", scripted(Median()), "--input", "4x4", "--device", "meta",
                   says=("the model failed: aten::median has no kernel for meta tensors", "depends on values", "--device cpu"))

    def test_one_that_is_not_of_aten(self):
        self.fails(1, "count", scripted(Unpack()), "--input", "4x16:uint8", "--device", "meta",
                   says=("the model failed: quantized::embedding_bag_4bit_unpack has no kernel for meta tensors", "--device cpu", "--library"))

    def test_a_quantized_model(self):
        # LibTorch names every backend that has a kernel: fifty lines.
        quantized = torch.quantization.quantize_dynamic(nn.Sequential(nn.Linear(4, 4)).eval())
        torch.jit.script(quantized).save(path_of("quantized.pt"))
        result = run("count", path_of("quantized.pt"), "--input", "2x4", "--device", "meta")
        error = result.stderr[result.stderr.index("torchtally: "):]  # behind LibTorch's warnings
        self.assertEqual(result.returncode, 1)
        self.assertIn("aten::empty_quantized has no kernel for meta tensors", error)
        self.assertIn("so does a quantized one", error)
        self.assertLess(len(error.splitlines()), 4, error)

    def test_a_frozen_model(self):
        frozen = torch.jit.freeze(torch.jit.script(nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))).eval())
        frozen.save(path_of("frozen.pt"))
        self.assertEqual(self.count(path_of("frozen.pt"), "1x3x8x8")["totals"]["macs"], 4 * 27 * 36)
        self.fails(1, "count", path_of("frozen.pt"), "--input", "1x3x8x8", "--device", "meta", says=("torch.jit.freeze", "--device cpu"))


TORCHVISION_MODELS = {
    "resnet18": ("1x3x64x64",),
    "mobilenet_v3_large": ("1x3x64x64",),
    "swin_t": ("1x3x64x64",),
    "vit_b_16": ("1x3x224x224",),
    "r3d_18": ("1x3x4x32x32",),
    "raft_small": ("1x3x128x128", "1x3x128x128"),
}

if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[4:]])
