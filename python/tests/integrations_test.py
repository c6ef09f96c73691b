"""FLOPs in the logs of transformers, accelerate and lightning, of small real runs."""

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader

import torchtally

transformers = pytest.importorskip("transformers", reason="no transformers: run third_party/bootstrap.sh", exc_type=ImportError)
accelerate = pytest.importorskip("accelerate", reason="no accelerate: run third_party/bootstrap.sh", exc_type=ImportError)
lightning = pytest.importorskip("lightning.pytorch", reason="no lightning: run third_party/bootstrap.sh", exc_type=ImportError)

from torchtally.integrations.accelerate import FlopsLogger  # noqa: E402
from torchtally.integrations.lightning import FlopsCallback as LightningCallback  # noqa: E402
from torchtally.integrations.transformers import FlopsCallback  # noqa: E402

PEAK = 1e12
ROWS, WIDTH = 4, 16
# Of a Linear without bias whose input needs no gradient, on ROWS rows, summed up: products of forward and backward; the sum.
BATCH = 2 * 2 * ROWS * WIDTH * WIDTH + ROWS * WIDTH - 1
SGD = 2 * WIDTH * WIDTH


class Model(nn.Module):
    """As transformers' Trainer wants it: returns its loss."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(WIDTH, WIDTH, bias=False)

    def forward(self, x):
        return {"loss": self.layer(x).sum()}


def data(batches):
    return [{"x": torch.randn(WIDTH)} for _ in range(batches * ROWS)]


def trainer(tmp_path, callbacks, **options):
    arguments = transformers.TrainingArguments(
        tmp_path,
        use_cpu=True,
        per_device_train_batch_size=ROWS,
        max_steps=4,
        logging_steps=2,
        max_grad_norm=0,
        optim="sgd",
        report_to=[],
        save_strategy="no",
        disable_tqdm=True,
        dataloader_pin_memory=False,
        **options,
    )
    return transformers.Trainer(Model(), arguments, train_dataset=data(8), callbacks=callbacks)


def flops_in(figures):
    return round(figures["tflops_per_step"] * 1e12)


@pytest.mark.parametrize("accumulated", [1, 2])
def test_trainer(tmp_path, accumulated):
    class Writer(transformers.TrainerCallback):
        seen = []

        def on_log(self, args, state, control, logs=None, **kwargs):
            Writer.seen.append(dict(logs))

    meter = torchtally.StepMeter(peak_flops=PEAK)
    run = trainer(tmp_path, [Writer()], gradient_accumulation_steps=accumulated)
    FlopsCallback(meter).attach(run)
    run.train()
    logs = [log for log in run.state.log_history if "loss" in log]
    assert len(logs) == 2 and meter.last.step == 4
    phases = meter.last.by_phase
    assert phases["forward"].macs == phases["backward"].macs == accumulated * ROWS * WIDTH * WIDTH
    assert phases["optimizer"].flops >= SGD
    for log in logs:
        assert flops_in(log) == meter.last.total.flops >= accumulated * BATCH + SGD
        assert 0 < log["mfu"] <= log["hfu"] < 1
        of_products = meter.last.model_flops / meter.last.total.flops
        assert log["mfu"] == pytest.approx(log["tflops_per_second"] * 1e12 / PEAK * of_products)
    assert [seen["mfu"] for seen in Writer.seen if "loss" in seen] == [log["mfu"] for log in logs]
    assert not nn.modules.module._has_any_global_hook()


def test_trainer_with_a_callback_among_others(tmp_path):
    run = trainer(tmp_path, [FlopsCallback()])
    run.train()
    logs = [log for log in run.state.log_history if "loss" in log]
    assert len(logs) == 2
    assert all(flops_in(log) >= BATCH + SGD and "mfu" not in log for log in logs)  # nobody said what the peak is


def test_a_trainer_that_fails_can_be_used_again(tmp_path):
    callback = FlopsCallback()
    run = trainer(tmp_path, [callback])
    forward = Model.forward
    Model.forward = lambda self, x: 1 / 0
    try:
        with pytest.raises(ZeroDivisionError):
            run.train()
    finally:
        Model.forward = forward
    run.train()
    assert callback.meter.last.step == run.state.global_step  # none of the run that failed
    assert callback.meter.last.by_phase["forward"].macs == ROWS * WIDTH * WIDTH


@pytest.mark.parametrize("accumulated", [1, 2])
def test_accelerate(accumulated):
    class Tracker(accelerate.tracking.GeneralTracker):
        name, requires_logging_directory, tracker = "list", False, None
        seen = []

        def store_init_configuration(self, values):
            pass

        def log(self, values, step, **kwargs):
            Tracker.seen.append((step, values))

    accelerator = accelerate.Accelerator(cpu=True, log_with=Tracker(), gradient_accumulation_steps=accumulated)
    accelerator.init_trackers("test")
    net = nn.Linear(WIDTH, WIDTH, bias=False)
    net, optimizer, loader = accelerator.prepare(
        net, torch.optim.SGD(net.parameters(), lr=1e-3), DataLoader(torch.randn(4 * ROWS, WIDTH), batch_size=ROWS)
    )
    flops = FlopsLogger(accelerator, torchtally.StepMeter(peak_flops=PEAK))
    for batch in loader:
        with accelerator.accumulate(net), flops.step(batch):
            accelerator.backward(net(batch).sum())
            optimizer.step()
            optimizer.zero_grad()
    assert [step for step, _ in Tracker.seen] == list(range(1, 4 // accumulated + 1))
    for _, figures in Tracker.seen:
        # Accumulation divides each loss, and adds gradients up.
        more = 0 if accumulated == 1 else WIDTH * WIDTH
        assert accumulated * BATCH + SGD + more <= flops_in(figures) <= accumulated * (BATCH + 2 * ROWS) + SGD + more
        assert 0 < figures["mfu"] < 1
    assert not nn.modules.module._has_any_global_hook()


def test_lightning(tmp_path):
    class Module(lightning.LightningModule):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(WIDTH, WIDTH, bias=False)

        def training_step(self, batch, batch_idx):
            return self.layer(batch).sum()

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), lr=1e-3)

    class Logger(lightning.loggers.Logger):
        name, version, seen = "list", 0, []

        def log_metrics(self, metrics, step=None):
            self.seen.append(metrics)

        def log_hyperparams(self, *args, **kwargs):
            pass

    meter = torchtally.StepMeter(peak_flops=PEAK, every=2)
    run = lightning.Trainer(
        max_epochs=1,
        accelerator="cpu",
        logger=Logger(),
        callbacks=[LightningCallback(meter)],
        log_every_n_steps=1,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=tmp_path,
    )
    run.fit(Module(), DataLoader(torch.randn(3 * ROWS, WIDTH), batch_size=ROWS))
    assert meter.last.step == 3
    # Lightning runs forward and backward inside of the optimizer's step.
    phases = meter.last.by_phase
    assert phases["forward"].macs == phases["backward"].macs == ROWS * WIDTH * WIDTH
    assert phases["optimizer"].macs == 0 and phases["optimizer"].flops >= SGD
    logged = [metrics for metrics in Logger.seen if "torchtally/mfu" in metrics]
    assert len(logged) == 3
    assert all(round(metrics["torchtally/tflops_per_step"] * 1e12) == pytest.approx(BATCH + SGD, rel=0.01) for metrics in logged)
    assert not nn.modules.module._has_any_global_hook()


def test_a_lightning_batch_that_fails_is_not_recorded():
    callback = LightningCallback()
    for batch_idx in range(2):  # of the first one nobody tells how it ended
        callback.on_train_batch_start(None, None, torch.ones(1), batch_idx)
    callback.on_exception(None, None, KeyboardInterrupt())
    assert callback.meter.last.step == 0
