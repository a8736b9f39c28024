import json
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoTokenizer, PrinterCallback, TrainerCallback

from alpharl_bench.checkpoints import WeightFiles
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.registry import load_registry
from alpharl_bench.runs.bases import base_folder
from alpharl_bench.training.job import Job
from alpharl_bench.training.self_play import RoleBaselines, build
from tests.byte_model import write_byte_pair
from tests.training.tiny import tiny_base

STEPS = 4


def job(folder, base=None, games=("kuhn", "negotiation"), **changes):
    registry = load_registry()
    spiral = registry.algorithms["spiral"]
    short = {
        "max_steps": STEPS,
        "per_device_train_batch_size": 16,
        "max_completion_length": 12,
        "warmup_steps": 0,
        "learning_rate": 1e-3,
    }
    spiral = spiral.model_copy(
        update={
            "checkpoints": 2,
            "config": {**spiral.config, **short},
            "regimes": {"quick": {}},
            "options": {"games": list(games), "baseline_decay": 0.95, **changes},
        }
    )
    entry = registry.run("qwen3-switch-spiral")
    return Job(entry, spiral, base or base_folder(registry.model(entry.model)), folder)


def scripted(trainer, monkeypatch, move_of):
    """Every response is what ``move_of`` makes of the prompt."""
    tokenizer = trainer.processing_class

    def respond(prompt_ids, *_):
        moves = [move_of(tokenizer.decode(ids)) for ids in prompt_ids]
        return [[*tokenizer.encode(m), tokenizer.eos_token_id] for m in moves], None

    monkeypatch.setattr(trainer, "_generate_single_turn", respond)


def bold(prompt):
    """Bets and calls; in negotiations it offers what is never accepted."""
    if prompt.startswith("kuhn"):
        return "[call]" if "[bet]" in prompt else "[bet]"
    return "[Offer: 1 Wheat -> 1 Wood]"


def test_an_advantage_is_the_payoff_beyond_what_the_role_got_before():
    baselines = RoleBaselines(["kuhn", "negotiation"], 0.95)
    assert baselines.advantages("kuhn", (0.5, -0.5)) == (0.5, -0.5)
    assert baselines.advantages("kuhn", (-1.0, 1.0)) == pytest.approx((-1.025, 1.025))
    assert baselines.advantages("kuhn", (0.5, -0.5)) == pytest.approx((0.52625, -0.52625))
    # Another game has baselines of its own.
    assert baselines.advantages("negotiation", (1.0, -1.0)) == (1.0, -1.0)
    assert baselines.values["kuhn"] == pytest.approx([0.0000625, -0.0000625])


def test_a_batch_holds_turns_of_whole_matches_of_every_game(tmp_path, monkeypatch):
    trainer = build(job(tmp_path))
    scripted(trainer, monkeypatch, bold)
    turns = trainer._turns(18)
    poker, trade = turns[:9], turns[9:]
    moves = [trainer.processing_class.decode(t.completion_ids[:-1]) for t in turns]
    # Six hands of two turns, three turns left out; two negotiations of seven, five left out.
    assert set(moves[:9]) == {"[bet]", "[call]"}
    assert max(map(moves[:9].count, ("[bet]", "[call]"))) <= 6
    assert moves[9:] == ["[Offer: 1 Wheat -> 1 Wood]"] * 9
    # A called bet pays two chips, the most there is; without a trade nobody gains.
    assert {abs(turn.payoff) for turn in poker} == {1.0}
    assert {turn.payoff for turn in trade} == {0.0}
    assert all(t.player == (m == "[call]") for t, m in zip(poker, moves[:9], strict=True))
    log = trainer._metrics["train"]
    assert log["forbidden_moves"] == [0.0]
    assert 6 * log["kuhn/first_player_wins"][0] == pytest.approx(
        3 + 3 * log["kuhn/first_player_payoff"][0]
    )
    assert log["negotiation/first_player_payoff"] == [0.0]


def test_every_turn_of_a_player_has_the_advantage_of_its_match(tmp_path, monkeypatch):
    trainer = build(job(tmp_path, games=["kuhn"]))
    scripted(trainer, monkeypatch, bold)
    # No more hands than are needed, so that both turns of each are there.
    monkeypatch.setattr("alpharl_bench.training.self_play._matches", lambda n, least: n // least)
    turns = trainer._turns(16)
    baselines = np.zeros(2)
    for first, second in zip(turns[::2], turns[1::2], strict=True):
        payoffs = np.array([first.payoff, second.payoff])
        assert payoffs.sum() == 0
        assert [first.advantage, second.advantage] == pytest.approx(payoffs - baselines)
        baselines = 0.95 * baselines + 0.05 * payoffs


def test_forbidden_moves_lose_and_are_counted_and_the_batch_is_full_all_the_same(
    tmp_path, monkeypatch
):
    trainer = build(job(tmp_path, games=["kuhn"]))
    scripted(trainer, monkeypatch, lambda _: "[raise]")
    turns = trainer._turns(12)
    assert len(turns) == 12
    assert {(turn.player, turn.payoff) for turn in turns} == {(0, -1.0)}
    assert trainer._metrics["train"]["forbidden_moves"] == [1.0]
    assert trainer._metrics["train"]["kuhn/first_player_wins"] == [0.0]


def test_deals_follow_from_seed_and_step(tmp_path, monkeypatch):
    trainer = build(job(tmp_path, games=["kuhn"]))
    scripted(trainer, monkeypatch, bold)
    asked = lambda: [tuple(turn.prompt_ids) for turn in trainer._turns(40)]  # noqa: E731
    first = asked()
    assert asked() == first
    trainer.state.global_step = 1
    assert asked() != first


def test_the_loss_gets_the_advantages_of_the_roles(tmp_path, monkeypatch):
    trainer = build(job(tmp_path))
    scripted(trainer, monkeypatch, bold)
    trainer.model.train()
    batch = trainer._generate_and_score_completions([{"prompt": ""} for _ in range(16)])
    expected = build(job(tmp_path))
    scripted(expected, monkeypatch, bold)
    turns = expected._turns(16)
    assert batch["advantages"].tolist() == pytest.approx([turn.advantage for turn in turns])
    width = batch["completion_mask"].sum(dim=1)
    assert width.tolist() == [len(turn.completion_ids) for turn in turns]


def test_a_model_with_a_chat_template_is_asked_in_it(tmp_path, monkeypatch):
    base, _ = write_byte_pair(tmp_path)
    trainer = build(job(tmp_path / "run", base=base, games=["kuhn"]))
    prompts = []
    scripted(trainer, monkeypatch, lambda prompt: prompts.append(prompt) or "[bet]")
    trainer._turns(4)
    tokenizer = AutoTokenizer.from_pretrained(base)
    written = {
        tokenizer.apply_chat_template(
            [{"role": "user", "content": f"kuhn {card}:"}],
            tokenize=False,
            add_generation_prompt=True,
        )
        for card in "JQK"
    }
    assert {prompt for prompt in prompts if "[bet]" not in prompt} <= written


class Interrupt(TrainerCallback):
    def on_step_end(self, args, state, control, **kwargs):
        if state.global_step == STEPS - 1:
            raise KeyboardInterrupt


def train(folder, base, *, interrupted=False, resume=None):
    trainer = build(job(folder, base))
    trainer.remove_callback(PrinterCallback)
    if interrupted:
        trainer.add_callback(Interrupt())
        with pytest.raises(KeyboardInterrupt):
            trainer.train()
    else:
        trainer.train(resume_from_checkpoint=resume)
    return trainer


def weights(folder: Path):
    files = WeightFiles(folder)
    return {name: files.tensor(name) for name in files.names}


def test_an_interrupted_training_resumes_to_the_same_weights_and_baselines(tmp_path):
    base = tiny_base(tmp_path / "base")
    whole = train(tmp_path / "whole", base)
    train(tmp_path / "cut", base, interrupted=True)
    half = tmp_path / "cut" / f"checkpoint-{STEPS // 2}"
    kept = json.loads((half / "baselines.json").read_text())
    assert kept.keys() == {"kuhn", "negotiation"}
    assert all(value != 0 for values in kept.values() for value in values)
    resumed = train(tmp_path / "cut", base, resume=str(half))
    assert resumed.baselines.values == whole.baselines.values != kept
    last = f"checkpoint-{STEPS}"
    straight, again = weights(tmp_path / "whole" / last), weights(tmp_path / "cut" / last)
    assert all(again[name].equal(straight[name]) for name in straight)
    before = weights(base)
    assert any(not before[name].equal(straight[name]) for name in straight)
    assert all(tensor.dtype == torch.float32 for tensor in straight.values())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"games": ["chess"]}, "unknown game 'chess'"),
        ({"games": []}, "games"),
        ({"baseline_decay": 1.0}, "baseline_decay"),
        ({"tables": 3}, "tables"),
    ],
)
def test_wrong_options_are_named_with_their_file(options, message, tmp_path):
    with pytest.raises(AlphaRLBenchError, match=rf"algorithms/spiral\.toml: .*{message}"):
        build(job(tmp_path, **options))
