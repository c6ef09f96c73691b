"""What is counted: models and single operators, with the exact number of multiply-adds of their matrix products and convolutions.

`right` is Python arithmetic over the shapes, for a reader to check; where a network has too many layers for that, it is what `products`
finds from the shapes that its convolutions and linear layers see (attention and other products without a module are added by hand).
"""

import dataclasses
from typing import Any, Callable, Dict, List, Optional, Tuple

import torch
from torch import nn
from torch.nn import functional as F

Built = Tuple[nn.Module, Tuple[Any, ...]]


@dataclasses.dataclass(frozen=True)
class Case:
    name: str
    section: str
    build: Callable[[], Built]
    right: str = ""  # of `products` alone if empty, or if it begins with "+"
    published: Optional[float] = None  # GMACs, as torchvision publishes them
    parts: Dict[str, str] = dataclasses.field(default_factory=dict)  # of the right figure, which some tools leave out


class Op1(nn.Module):
    """A function of one argument as a module: the tools take nothing else. It looks torch's functions up when it is called, because
    some tools replace them."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__()
        self.function = function
        self.unused = nn.Parameter(torch.zeros(1))  # calflops asks for the device of the first parameter

    def forward(self, a: Any) -> Any:
        return self.function(a)


class Op2(Op1):
    def forward(self, a: Any, b: Any) -> Any:  # type: ignore[override]
        return self.function(a, b)


class Op3(Op1):
    def forward(self, a: Any, b: Any, c: Any) -> Any:  # type: ignore[override]
        return self.function(a, b, c)


class OwnWeight(nn.Module):
    """Uses a linear layer's weight without calling the layer."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(64, 64, bias=False)

    def forward(self, a: torch.Tensor) -> torch.Tensor:
        return a @ self.linear.weight.t()


class FirstOutput(nn.Module):
    """A model of transformers' without its output class, which torch.jit.trace does not take."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, a: torch.Tensor) -> torch.Tensor:
        return self.model(a)[0]


class SelfAttention(nn.Module):
    def __init__(self, need_weights: bool) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(256, 8, batch_first=True)
        self.need_weights = need_weights

    def forward(self, a: torch.Tensor) -> torch.Tensor:
        return self.attention(a, a, a, need_weights=self.need_weights)[0]


def _function(function: Callable[..., Any], *shapes: Any) -> Callable[[], Built]:
    def build() -> Built:
        args = tuple(torch.randn(shape) if isinstance(shape, tuple) else shape() for shape in shapes)
        return (Op1, Op2, Op3)[len(args) - 1](function), args

    return build


def _layer(make: Callable[[], nn.Module], *shapes: Any) -> Callable[[], Built]:
    def build() -> Built:
        return make(), tuple(torch.randn(shape) if isinstance(shape, tuple) else shape() for shape in shapes)

    return build


def _operators() -> List[Case]:
    def positive() -> torch.Tensor:
        a = torch.randn(256, 256)
        return a @ a.t() + 256 * torch.eye(256)

    def symmetric() -> torch.Tensor:
        a = torch.randn(128, 128)
        return a + a.t()

    def encoder() -> nn.Module:
        layer = nn.TransformerEncoderLayer(256, 8, 1024, batch_first=True)
        return nn.TransformerEncoder(layer, 2)

    qkv = ((2, 8, 128, 64),) * 3
    image = (1, 16, 32, 32)
    rows: List[Tuple[str, Callable[[], Built], str]] = [
        ("LSTM 2 layers 64→256, T32 B4", _layer(lambda: nn.LSTM(64, 256, 2), (32, 4, 64)), "32*4 * 4*256 * (64+256 + 256+256)"),
        ("LSTM 64→256, T7 B5", _layer(lambda: nn.LSTM(64, 256), (7, 5, 64)), "7*5 * 4*256 * (64+256)"),
        ("LSTMCell 64→256, B4", _layer(lambda: nn.LSTMCell(64, 256), (4, 64)), "4 * 4*256 * (64+256)"),
        ("RNN tanh 64→256, T32 B4", _layer(lambda: nn.RNN(64, 256), (32, 4, 64)), "32*4 * 256 * (64+256)"),
        (
            "TransformerEncoder 2 layers d256, T64 B2",
            _layer(encoder, (2, 64, 256)),
            "2 * (2*64 * (4*256*256 + 2*256*1024) + 2*2 * 64*64*256)",
        ),
        ("MultiheadAttention d256 h8, T64 B2", lambda: (SelfAttention(False), (torch.randn(2, 64, 256),)), "2*64 * 4*256*256 + 2*2 * 64*64*256"),
        ("MultiheadAttention, weights asked for", lambda: (SelfAttention(True), (torch.randn(2, 64, 256),)), "2*64 * 4*256*256 + 2*2 * 64*64*256"),
        ("SDPA B2 H8 T128 d64", _function(lambda a, b, c: F.scaled_dot_product_attention(a, b, c), *qkv), "2*8 * 128*128 * (64+64)"),
        ("SDPA causal", _function(lambda a, b, c: F.scaled_dot_product_attention(a, b, c, is_causal=True), *qkv), "2*8 * 128*128 * (64+64)"),
        (
            "SDPA mask",
            _function(lambda a, b, c: F.scaled_dot_product_attention(a, b, c, attn_mask=torch.ones(128, 128, dtype=torch.bool).tril()), *qkv),
            "2*8 * 128*128 * (64+64)",
        ),
        ("EmbeddingBag sum 1000×64, B8 of 10", _layer(lambda: nn.EmbeddingBag(1000, 64, mode="sum"), lambda: torch.randint(1000, (8, 10))), "0"),
        ("Embedding 1000×64", _layer(lambda: nn.Embedding(1000, 64), lambda: torch.randint(1000, (8, 10))), "0"),
        ("fft 64×1024", _function(lambda a: torch.fft.fft(a), (64, 1024)), "0"),
        ("rfft2 256", _function(lambda a: torch.fft.rfft2(a), (256, 256)), "0"),
        ("linalg.solve 256", _function(lambda a, b: torch.linalg.solve(a, b), positive, (256, 4)), "0"),
        ("linalg.cholesky 256", _function(lambda a: torch.linalg.cholesky(a), positive), "0"),
        ("linalg.inv 256", _function(lambda a: torch.linalg.inv(a), positive), "0"),
        ("linalg.qr 256", _function(lambda a: torch.linalg.qr(a), (256, 256)), "0"),
        ("linalg.svd 128", _function(lambda a: torch.linalg.svd(a), (128, 128)), "0"),
        ("linalg.eigh 128", _function(lambda a: torch.linalg.eigh(a), symmetric), "0"),
        ("linalg.matrix_power 4 of 64", _function(lambda a: torch.linalg.matrix_power(a, 4), (64, 64)), "2 * 64**3"),
        # The polynomial of degree 18: 5 products of matrices. What combines them with coefficients is elementwise work.
        ("linalg.matrix_exp 64", _function(lambda a: torch.linalg.matrix_exp(a), (64, 64)), "5 * 64**3"),
        ("einsum bhid,bhjd->bhij", _function(lambda a, b: torch.einsum("bhid,bhjd->bhij", a, b), (2, 4, 16, 64), (2, 4, 16, 64)), "2*4 * 16*16*64"),
        (
            "einsum ij,jk,kl->il (10,1000)(1000,10)(10,1000)",
            _function(lambda a, b, c: torch.einsum("ij,jk,kl->il", a, b, c), (10, 1000), (1000, 10), (10, 1000)),
            "10*1000*10 + 10*10*1000",
        ),
        # 128*256 multiplications and nothing to add them to: elementwise FLOPs.
        ("einsum outer i,j->ij", _function(lambda a, b: torch.einsum("i,j->ij", a, b), (128,), (256,)), "0"),
        ("einsum bij,bij->b", _function(lambda a, b: torch.einsum("bij,bij->b", a, b), (4, 32, 32), (4, 32, 32)), "4*32*32"),
        ("einsum diagonal ii->i", _function(lambda a: torch.einsum("ii->i", a), (64, 64)), "0"),
        ("mm 64", _function(lambda a, b: torch.mm(a, b), (64, 64), (64, 64)), "64**3"),
        ("a @ b 64", _function(lambda a, b: a @ b, (64, 64), (64, 64)), "64**3"),
        ("bmm 8×64", _function(lambda a, b: torch.bmm(a, b), (8, 64, 64), (8, 64, 64)), "8 * 64**3"),
        ("baddbmm 8×64", _function(lambda a, b, c: torch.baddbmm(a, b, c), (8, 64, 64), (8, 64, 64), (8, 64, 64)), "8 * 64**3"),
        ("mv 256", _function(lambda a, b: torch.mv(a, b), (256, 256), (256,)), "256*256"),
        ("matmul matrix × vector", _function(lambda a, b: torch.matmul(a, b), (256, 256), (256,)), "256*256"),
        ("matmul batch × vector", _function(lambda a, b: torch.matmul(a, b), (8, 64, 64), (64,)), "8 * 64*64"),
        ("dot 4096", _function(lambda a, b: torch.dot(a, b), (4096,), (4096,)), "4096"),
        ("matmul broadcast (4,5)×(10,5,6)", _function(lambda a, b: torch.matmul(a, b), (4, 5), (10, 5, 6)), "10 * 4*5*6"),
        ("F.linear", _function(lambda a, b: F.linear(a, b), (8, 64), (128, 64)), "8*64*128"),
        ("F.conv2d", _function(lambda a, b: F.conv2d(a, b, padding=1), image, (32, 16, 3, 3)), "32*32 * 32*16*9"),
        ("nn.Bilinear 32×48→16, B8", _layer(lambda: nn.Bilinear(32, 48, 16), (8, 32), (8, 48)), "8*16 * (32*48 + 48)"),
        ("ConvTranspose2d 16→16 k4 s2", _layer(lambda: nn.ConvTranspose2d(16, 16, 4, 2, 1), image), "32*32 * 16*16*4*4"),
        (
            "ConvTranspose2d groups 4, 16→32 k3 s2",
            _layer(lambda: nn.ConvTranspose2d(16, 32, 3, 2, 1, output_padding=1, groups=4), image),
            "32*32 * 16*32//4*9",
        ),
        ("Conv2d groups 4, 16→32 k3", _layer(lambda: nn.Conv2d(16, 32, 3, padding=1, groups=4), image), "32*32 * 32*16//4*9"),
        ("Conv2d depthwise 64 k3", _layer(lambda: nn.Conv2d(64, 64, 3, padding=1, groups=64), (1, 64, 32, 32)), "32*32 * 64*9"),
        ("Conv2d padding='same' dilation 2", _layer(lambda: nn.Conv2d(16, 32, 3, padding="same", dilation=2), image), "32*32 * 32*16*9"),
        ("Conv2d circular", _layer(lambda: nn.Conv2d(16, 32, 3, padding=1, padding_mode="circular"), image), "32*32 * 32*16*9"),
        ("Conv1d 16→32 k5", _layer(lambda: nn.Conv1d(16, 32, 5, padding=2), (2, 16, 128)), "2*128 * 32*16*5"),
        ("Conv3d 8→16 k3", _layer(lambda: nn.Conv3d(8, 16, 3, padding=1), (1, 8, 8, 16, 16)), "8*16*16 * 16*8*27"),
        ("a linear's weight used directly", lambda: (OwnWeight(), (torch.randn(8, 64),)), "8*64*64"),
        ("sparse.mm diagonal 64 × (64,32)", _function(lambda a, b: torch.sparse.mm(a, b), lambda: torch.eye(64).to_sparse(), (64, 32)), "64*32"),
        ("AdaptiveAvgPool2d(1) 64×32×32", _layer(lambda: nn.AdaptiveAvgPool2d(1), (1, 64, 32, 32)), "0"),
        ("interpolate bilinear ×2", _function(lambda a: F.interpolate(a, scale_factor=2.0, mode="bilinear"), image), "0"),
        ("LayerNorm 8×64", _layer(lambda: nn.LayerNorm(64), (8, 64)), "0"),
        ("GroupNorm 1×64×32×32", _layer(lambda: nn.GroupNorm(8, 64), (1, 64, 32, 32)), "0"),
        ("PReLU, softmax, gelu", _layer(lambda: nn.Sequential(nn.PReLU(), nn.Softmax(-1), nn.GELU()), (8, 64)), "0"),
        (
            "grid_sample",
            _function(lambda a, b: F.grid_sample(a, b, align_corners=False), image, lambda: torch.rand(1, 32, 32, 2) * 2 - 1),
            "0",
        ),
    ]
    attention = {
        "TransformerEncoder 2 layers d256, T64 B2": "2 * 2*2 * 64*64*256",
        "MultiheadAttention d256 h8, T64 B2": "2*2 * 64*64*256",
        "MultiheadAttention, weights asked for": "2*2 * 64*64*256",
    }
    parts = {name: {"products of attention": size} for name, size in attention.items()}
    return [Case(name, "operators", build, right, parts=parts.get(name, {})) for name, build, right in rows]


# Attention of n tokens in windows or all with all: queries × keys and weights × values.
_VIT = "+ 12 * (197*768*4*768 + 2*197*197*768)"  # nn.MultiheadAttention multiplies with its weights by itself


def _vision() -> List[Case]:
    def classifier(name: str, size: int = 224, **options: Any) -> Callable[[], Built]:
        def build() -> Built:
            from torchvision import models

            return models.get_model(name, weights=None, **options), (torch.randn(1, 3, size, size),)

        return build

    def quiet(name: str) -> Callable[[], Built]:
        return classifier(name, 299 if name == "inception_v3" else 224, init_weights=False)

    def segmenter(name: str) -> Callable[[], Built]:
        return classifier(name, 520, weights_backbone=None)

    def video() -> Built:
        from torchvision import models

        return models.get_model("r3d_18", weights=None), (torch.randn(1, 3, 16, 112, 112),)

    def flow() -> Built:
        from torchvision import models

        images = torch.randn(2, 1, 3, 128, 128)
        return models.get_model("raft_small", weights=None), (images[0], images[1])

    def detector() -> Built:
        from torchvision import models

        class OneImage(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.detector = models.get_model("maskrcnn_resnet50_fpn", weights=None, weights_backbone=None)

            def forward(self, image: torch.Tensor) -> Any:
                return tuple(self.detector([image])[0].values())

        return OneImage(), (torch.rand(3, 512, 512),)

    # Swin: 3136, 784, 196 and 49 tokens in windows of 49; qkv and proj are F.linear with the layers' weights.
    swin = "+ " + " + ".join(
        f"{depth} * {tokens} * (4*{width}*{width} + 2*49*{width})"
        for depth, tokens, width in ((2, 3136, 96), (2, 784, 192), (6, 196, 384), (2, 49, 768))
    )
    # RAFT: all pairs of the features at an eighth of the size, 128 channels.
    rows: List[Tuple[str, Callable[[], Built], str, Optional[float]]] = [
        ("resnet18", classifier("resnet18"), "", 1.814),
        ("resnet50", classifier("resnet50"), "", 4.089),
        ("mobilenet_v2", classifier("mobilenet_v2"), "", 0.301),
        ("mobilenet_v3_large", classifier("mobilenet_v3_large"), "", 0.217),
        ("efficientnet_b0", classifier("efficientnet_b0"), "", 0.386),
        ("vgg16", classifier("vgg16", init_weights=False), "", 15.47),
        ("densenet121", classifier("densenet121"), "", 2.834),
        ("convnext_tiny", classifier("convnext_tiny"), "", 4.456),
        ("vit_b_16", classifier("vit_b_16"), _VIT, 17.564),
        ("swin_t", classifier("swin_t"), swin, 4.491),
        ("shufflenet_v2_x1_0", classifier("shufflenet_v2_x1_0"), "", 0.145),
        ("squeezenet1_0", classifier("squeezenet1_0"), "", 0.819),
        ("googlenet", quiet("googlenet"), "", 1.498),
        ("inception_v3", quiet("inception_v3"), "", 5.713),
        ("efficientnet_v2_s", classifier("efficientnet_v2_s", 384), "", 8.366),
        ("deeplabv3_resnet50, 520", segmenter("deeplabv3_resnet50"), "", None),
        ("fcn_resnet50, 520", segmenter("fcn_resnet50"), "", None),
        ("maskrcnn_resnet50_fpn, 512", detector, "", None),
        ("raft_small, 128", flow, "+ 16*16 * 16*16 * 128", None),
        ("r3d_18", video, "", 40.697),
    ]
    parts = {
        "vit_b_16": {"products of attention": "12 * 2*197*197*768", "products of nn.MultiheadAttention's projections": "12 * 197*768*4*768"},
        "swin_t": {"products of attention, whose projections are F.linear": swin[2:]},
    }
    return [Case(name, "vision", build, right, published, parts.get(name, {})) for name, build, right, published in rows]


def _transformers() -> List[Case]:
    def language(name: str, attention: str, **options: Any) -> Callable[[], Built]:
        def build() -> Built:
            import transformers

            config = getattr(transformers, name + "Config")(**options)
            config.use_cache = False
            suffix = "Model" if name in ("Bert", "Roberta") else "ForCausalLM" if name == "Llama" else "LMHeadModel"
            model = getattr(transformers, name + suffix)._from_config(config, attn_implementation=attention)
            return FirstOutput(model), (torch.randint(5, config.vocab_size, (1, 128)),)

        return build

    def vision() -> Built:
        import transformers

        model = transformers.ViTModel._from_config(transformers.ViTConfig(), attn_implementation="sdpa")
        return FirstOutput(model), (torch.randn(1, 3, 224, 224),)

    llama = dict(hidden_size=512, num_hidden_layers=4, intermediate_size=1376, num_attention_heads=8, num_key_value_heads=2, vocab_size=32000)
    scores = {"products of attention": "12 * 2*128*128*768"}
    pooled = {**scores, "products of the pooler, whose result nobody takes": "768*768"}
    conv1d = {**scores, "products of transformers' Conv1D": "12 * 128 * (4*768*768 + 2*768*3072)"}
    bert = "12 * (128 * (4*768*768 + 2*768*3072) + 2*128*128*768) + 768*768"
    gpt2 = "12 * (128 * (4*768*768 + 2*768*3072) + 2*128*128*768) + 128*768*50257"
    gqa = "4 * (128 * (2*512*512 + 2*512*128 + 3*512*1376) + 2*128*128*512) + 128*512*32000"
    vit = "196*768*768 + 12 * (197 * (4*768*768 + 2*768*3072) + 2*197*197*768) + 768*768"
    cases = []
    for attention, label in (("sdpa", ""), ("eager", ", eager attention")):
        cases += [
            Case("BERT" + label, "transformers", language("Bert", attention), bert, parts=pooled),
            Case("RoBERTa" + label, "transformers", language("Roberta", attention), bert, parts=pooled),
            Case("GPT-2" + label, "transformers", language("GPT2", attention), gpt2, parts=conv1d),
            Case("Llama" + label, "transformers", language("Llama", attention, **llama), gqa, parts={"products of attention": "4 * 2*128*128*512"}),
        ]
    del cases[5]  # RoBERTa is BERT to a counter
    return cases[:4] + [Case("ViT", "transformers", vision, vit, parts={"products of attention": "12 * 2*197*197*768", "products of the pooler, whose result nobody takes": "768*768"})] + cases[4:]


def all_cases() -> List[Case]:
    return _vision() + _transformers() + _operators()


def products(model: nn.Module, args: Tuple[Any, ...]) -> int:
    """Multiply-adds of the convolutions and linear layers that are called, from the shapes that hooks see."""
    total = 0

    def see(module: nn.Module, inputs: Tuple[Any, ...], output: Any) -> None:
        nonlocal total
        each = module.weight[0].numel()  # type: ignore[operator]
        total += (inputs[0] if isinstance(module, transposed) else output).numel() * each

    transposed = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
    kinds = (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.Linear, *transposed)
    handles = [module.register_forward_hook(see) for module in model.modules() if isinstance(module, kinds)]
    try:
        with torch.no_grad():
            model(*args)
    finally:
        for handle in handles:
            handle.remove()
    return total


def right_of(case: Case, built: Built) -> Tuple[int, str]:
    """The exact number, and the arithmetic it comes from."""
    if case.right and not case.right.startswith("+"):
        return eval(case.right), case.right
    layers = products(*built)
    return layers + eval(case.right or "0"), f"convolutions and linear layers: {layers} {case.right}".rstrip()


def named() -> Dict[str, Case]:
    return {case.name: case for case in all_cases()}
