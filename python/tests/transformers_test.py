"""Models of HuggingFace's transformers, with random weights, against arithmetic: what a forward and what `generate` runs."""

import pytest
import torch

import torchtally

pytest.importorskip("transformers", reason="transformers is not installed: run third_party/bootstrap.sh", exc_type=ImportError)
import transformers as hf  # noqa: E402

WIDTH, HIDDEN, WORDS, LAYERS = 32, 48, 100, 2


def layer(tokens, keys=None, width=WIDTH, hidden=HIDDEN):
    """Query, key, value and output; scores and their values; up and down."""
    return tokens * 4 * width * width + 2 * tokens * (keys or tokens) * width + tokens * 2 * width * hidden


def counted(model, **inputs):
    model.eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    with torch.no_grad(), torchtally.CountingGuard(model) as guard:
        model(**inputs)
    assert not guard.tally.unknown_operators
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    return guard.tally


def words(count, batch=1):
    return torch.randint(5, WORDS, (batch, count))


def generated(model, inputs, count, **options):
    """Tally and tokens of `count` tokens that are generated greedily, whatever they are."""
    model.eval()
    model.generation_config.eos_token_id = None
    with torch.no_grad(), torchtally.CountingGuard(model) as guard:
        tokens = model.generate(inputs, max_new_tokens=count, do_sample=False, **options)
    assert not guard.tally.unknown_operators
    return guard.tally, tokens


ATTENTION = pytest.mark.parametrize("attention", ["sdpa", "eager"])


def bert(kind, attention):
    config = getattr(hf, kind + "Config")(
        hidden_size=WIDTH, num_hidden_layers=LAYERS, num_attention_heads=4, intermediate_size=HIDDEN, vocab_size=WORDS, max_position_embeddings=40
    )
    return getattr(hf, kind + "Model")._from_config(config, attn_implementation=attention)


@ATTENTION
@pytest.mark.parametrize("kind", ["Bert", "Roberta"])
def test_encoders(kind, attention):
    tally = counted(bert(kind, attention), input_ids=words(7, batch=2))
    assert tally.total.macs == 2 * (LAYERS * layer(7) + WIDTH * WIDTH)  # and the pooler, of the first token
    assert tally.by_module["encoder.layer.1"].macs == 2 * layer(7)
    assert tally.by_module["encoder.layer.1.attention"].macs == 2 * (7 * 4 * WIDTH * WIDTH + 2 * 7 * 7 * WIDTH)


def gpt2(attention="sdpa", **options):
    config = hf.GPT2Config(n_embd=WIDTH, n_layer=LAYERS, n_head=4, n_inner=HIDDEN, vocab_size=WORDS, n_positions=40, **options)
    return hf.GPT2LMHeadModel._from_config(config, attn_implementation=attention)


@ATTENTION
def test_gpt2_generates(attention):
    """The prompt at once, then token by token with all that came before as keys; the last one is not put in again."""
    tally, tokens = generated(gpt2(attention), words(6), 4)
    assert tokens.shape == (1, 10)
    prefill = LAYERS * layer(6)
    decode = LAYERS * (layer(1, 7) + layer(1, 8) + layer(1, 9))
    head = 4 * WIDTH * WORDS  # of the last token of the prompt, and of three more
    assert tally.by_module["transformer"].macs == prefill + decode
    assert tally.by_module["lm_head"].macs == head
    assert tally.by_module["transformer.h.0.attn"].macs == 9 * 4 * WIDTH * WIDTH + 2 * (6 * 6 + 7 + 8 + 9) * WIDTH
    assert tally.by_module["transformer.h.0.mlp"].macs == 9 * 2 * WIDTH * HIDDEN
    assert tally.total.macs == prefill + decode + head


def test_gpt2_generates_without_a_cache():
    """All tokens again for each new one."""
    tally, _ = generated(gpt2(), words(6), 4, use_cache=False)
    assert tally.by_module["transformer"].macs == LAYERS * sum(layer(tokens) for tokens in (6, 7, 8, 9))


def test_beams():
    tally, _ = generated(gpt2(), words(6), 3, num_beams=2)
    assert tally.by_module["transformer"].macs == 2 * LAYERS * (layer(6) + layer(1, 7) + layer(1, 8))


@ATTENTION
def test_gpt2_trains(attention):
    """Backward is twice forward: nothing is ahead of the first weights, so that every product has both gradients."""
    model = gpt2(attention, attn_pdrop=0.0)
    ids = words(7)
    with torchtally.CountingGuard(model) as guard:
        model(input_ids=ids, labels=ids).loss.backward()
    phases = guard.tally.by_phase
    forward = LAYERS * layer(7) + 7 * WIDTH * WORDS
    assert phases["forward"].macs == forward
    # The fused attention does not keep the scores: its backward has them as a fifth product.
    assert phases["backward"].macs == 2 * forward + (LAYERS * 7 * 7 * WIDTH if attention == "sdpa" else 0)
    assert guard.tally.by_module_and_phase["transformer.h.1.mlp"]["backward"].macs == 2 * 7 * 2 * WIDTH * HIDDEN


@ATTENTION
def test_llama_with_grouped_queries_generates(attention):
    """Keys and values have two heads for four of the queries: their projections are half as wide, attention is not."""
    config = hf.LlamaConfig(
        hidden_size=WIDTH,
        intermediate_size=HIDDEN,
        num_hidden_layers=LAYERS,
        num_attention_heads=4,
        num_key_value_heads=2,
        vocab_size=WORDS,
        max_position_embeddings=40,
    )
    model = hf.LlamaForCausalLM._from_config(config, attn_implementation=attention)
    tally, _ = generated(model, words(6), 4)
    token = 2 * WIDTH * WIDTH + 2 * WIDTH * WIDTH // 2 + 3 * WIDTH * HIDDEN
    pairs = 6 * 6 + 7 + 8 + 9
    assert tally.by_module["model.layers"].macs == LAYERS * (9 * token + 2 * pairs * WIDTH)
    assert tally.by_module["model.layers.0.self_attn.k_proj"].macs == 9 * WIDTH * WIDTH // 2
    assert tally.by_module["model.layers.0.mlp.gate_proj"].macs == 9 * WIDTH * HIDDEN
    assert tally.by_module["lm_head"].macs == 4 * WIDTH * WORDS


@ATTENTION
def test_t5_generates(attention):
    config = hf.T5Config(
        d_model=WIDTH, d_kv=8, num_heads=4, d_ff=HIDDEN, num_layers=LAYERS, num_decoder_layers=LAYERS, vocab_size=WORDS, decoder_start_token_id=0
    )
    model = hf.T5ForConditionalGeneration._from_config(config, attn_implementation=attention)
    tally, tokens = generated(model, words(6), 3)
    assert tokens.shape == (1, 4)
    assert tally.by_module["encoder"].macs == LAYERS * layer(6)
    # Across: keys and values of the encoder's tokens once, query and output for each token.
    across = 6 * 2 * WIDTH * WIDTH + 3 * (2 * WIDTH * WIDTH + 2 * 6 * WIDTH)
    assert tally.by_module["decoder"].macs == LAYERS * (layer(1, 1) + layer(1, 2) + layer(1, 3) + across)
    assert tally.by_module["decoder.block.0.layer.1.EncDecAttention"].macs == across
    assert tally.by_module["lm_head"].macs == 3 * WIDTH * WORDS


@pytest.fixture
def whisper():
    config = hf.WhisperConfig(
        d_model=WIDTH,
        encoder_layers=LAYERS,
        decoder_layers=LAYERS,
        encoder_attention_heads=4,
        decoder_attention_heads=4,
        encoder_ffn_dim=HIDDEN,
        decoder_ffn_dim=HIDDEN,
        vocab_size=WORDS,
        num_mel_bins=8,
        max_source_positions=10,
        max_target_positions=20,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
        decoder_start_token_id=3,
    )
    return hf.WhisperForConditionalGeneration(config)


# Two convolutions, the second of stride 2, ahead of the layers.
WHISPERS_ENCODER = 20 * WIDTH * 8 * 3 + 10 * WIDTH * WIDTH * 3 + LAYERS * layer(10)


def across(tokens):
    """Keys and values of the encoder's 10 frames once, query and output for each token."""
    return 10 * 2 * WIDTH * WIDTH + tokens * 2 * WIDTH * WIDTH + 2 * tokens * 10 * WIDTH


def test_whisper(whisper):
    tally = counted(whisper, input_features=torch.randn(1, 8, 20), decoder_input_ids=words(5))
    assert tally.by_module["model.encoder"].macs == WHISPERS_ENCODER
    assert tally.by_module["model.decoder"].macs == LAYERS * (layer(5) + across(5))
    assert tally.by_module["proj_out"].macs == 5 * WIDTH * WORDS


def test_whisper_generates(whisper):
    tally, _ = generated(whisper, torch.randn(1, 8, 20), 4)
    assert tally.by_module["model.encoder"].macs == WHISPERS_ENCODER
    assert tally.by_module["model.decoder"].macs == LAYERS * (sum(layer(1, keys) for keys in (1, 2, 3, 4)) + across(4))
    assert tally.by_module["proj_out"].macs == 4 * WIDTH * WORDS


VISION = dict(hidden_size=WIDTH, num_hidden_layers=LAYERS, num_attention_heads=4, intermediate_size=HIDDEN, image_size=16, patch_size=4)


@ATTENTION
def test_vit(attention):
    model = hf.ViTModel._from_config(hf.ViTConfig(**VISION), attn_implementation=attention)
    tally = counted(model, pixel_values=torch.randn(2, 3, 16, 16))
    patches = 16 * WIDTH * 3 * 4 * 4
    assert tally.total.macs == 2 * (patches + LAYERS * layer(17) + WIDTH * WIDTH)
    assert tally.by_module["embeddings"].macs == 2 * patches


def test_clip():
    """Two towers, and every text with every image."""
    text = dict(hidden_size=WIDTH, num_hidden_layers=LAYERS, num_attention_heads=4, intermediate_size=HIDDEN, vocab_size=WORDS, eos_token_id=2)
    config = hf.CLIPConfig(text_config=text, vision_config=VISION, projection_dim=24)
    tally = counted(hf.CLIPModel(config), input_ids=words(7, batch=3), pixel_values=torch.randn(2, 3, 16, 16))
    assert tally.by_module["text_model"].macs == 3 * LAYERS * layer(7)
    assert tally.by_module["vision_model"].macs == 2 * (16 * WIDTH * 3 * 4 * 4 + LAYERS * layer(17))
    assert tally.by_module["text_projection"].macs == 3 * WIDTH * 24
    assert tally.total.macs == sum(tally.by_module[part].macs for part in ("text_model", "vision_model", "text_projection", "visual_projection")) + 3 * 2 * 24
