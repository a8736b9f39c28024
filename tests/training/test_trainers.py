import pytest
from transformers import TrainingArguments

from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.registry import load_registry
from alpharl_bench.training.history import figure, history
from alpharl_bench.training.trainers import TRAINERS
from tests.training.tiny import (
    MODELS,
    STEPS,
    job,
    random_weights_can_be_right,
    short,
    tiny_base,
    trained,
    weights,
)

ALGORITHMS = (
    *("grpo", "drgrpo", "dapo", "rloo", "ppo"),
    *("sft", "sft-prefix", "rft", "dist", "dpo", "opd"),
)
pytestmark = pytest.mark.first
#: A question up to where the response begins, and a response up to its end, in each format.
FORMATS = {
    "qwen3-facts": ("{}", "{}<|endoftext|>"),
    "qwen2-facts": (
        "<|im_start|>user\n{}<|im_end|>\n<|im_start|>assistant\n",
        "{}<|im_end|>",
    ),
    "llama3-facts": (
        (
            "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\n{}<|eot_id|>"
            "<|start_header_id|>assistant<|end_header_id|>\n\n"
        ),
        "{}<|eot_id|>",
    ),
    "glm4-facts": ("[gMASK]<sop><|user|>\n{}<|assistant|>\n", "{}<|endoftext|>"),
}


@pytest.fixture(scope="module", autouse=True)
def easy():
    with random_weights_can_be_right():
        yield


@pytest.fixture(scope="module")
def bases(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bases")
    return {name: tiny_base(folder / name, name) for name in MODELS}


def test_every_recipe_but_self_play_is_tried_here():
    assert {*ALGORITHMS, "spiral"} == set(load_registry().algorithms)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_every_algorithm_trains_all_parameters_in_float32(algorithm, bases, tmp_path):
    base, recipe = bases["qwen3-facts"], short(algorithm)
    teacher = tiny_base(tmp_path / "teacher", seed=1)
    last = trained(recipe, base, tmp_path / "run", teacher=teacher)
    assert sorted(path.name for path in last.parent.glob("checkpoint-*")) == [
        "checkpoint-2",
        "checkpoint-4",
    ]
    before, after = weights(base), weights(last)
    assert before.keys() == after.keys()
    assert all(str(tensor.dtype) == "torch.float32" for tensor in after.values())
    assert all(not before[name].equal(after[name]) for name in before)
    steps = history(last.parent)
    assert [figures["step"] for figures in steps] == list(range(1, STEPS + 1))
    assert figure(recipe) in steps[0]


@pytest.mark.parametrize("model", MODELS)
def test_responses_of_a_rollout_begin_and_end_as_the_format_says(model, bases, tmp_path):
    trainer = TRAINERS["grpo"](job(short("grpo"), bases[model], tmp_path))
    trainer.model.train()
    rows = [trainer.train_dataset[i] for i in range(16) for _ in range(4)]
    batch = trainer._generate_and_score_completions(rows)
    tokenizer = trainer.processing_class
    asked = [
        row["prompt"] if isinstance(row["prompt"], str) else row["prompt"][0]["content"]
        for row in rows
    ]
    for ids, mask, question in zip(batch["prompt_ids"], batch["prompt_mask"], asked, strict=True):
        assert tokenizer.decode(ids[mask == 1]) == FORMATS[model][0].format(question)
    responses = [
        ids[mask == 1].tolist()
        for ids, mask in zip(batch["completion_ids"], batch["completion_mask"], strict=True)
    ]
    ended = [ids for ids in responses if tokenizer.eos_token_id in ids]
    assert ended
    assert all(ids.index(tokenizer.eos_token_id) == len(ids) - 1 for ids in ended)
    assert all(tokenizer.decode(ids[-1]) == FORMATS[model][1].format("") for ids in ended)
    assert {len(ids) for ids in responses if ids not in ended} == {12}


@pytest.mark.parametrize("model", MODELS)
def test_sft_learns_the_responses_with_their_end_and_not_the_prompts(model, bases, tmp_path):
    trainer = TRAINERS["sft"](job(short("sft"), bases[model], tmp_path))
    tokenizer, (prompt, response) = trainer.processing_class, FORMATS[model]
    row = trainer.train_dataset[0]
    text = tokenizer.decode(row["input_ids"])
    learned = tokenizer.decode([token for token in row["labels"] if token != -100])
    answer = learned.removesuffix(response.format(""))
    assert answer != learned
    assert answer.rpartition("#")[2].isdigit()
    assert text.endswith(learned)
    start, end = prompt.split("{}")
    assert text.removesuffix(learned).removeprefix(start).removesuffix(end).endswith("=")
    collated = trainer.data_collator([row, trainer.train_dataset[1]])
    assert (collated["labels"] != -100).sum() < (collated["input_ids"] != 0).sum()


@pytest.mark.parametrize("model", MODELS)
def test_dpo_compares_whole_responses_to_one_prompt(model, bases, tmp_path):
    trainer = TRAINERS["dpo"](job(short("dpo"), bases[model], tmp_path))
    tokenizer, (prompt, response) = trainer.processing_class, FORMATS[model]
    for row in trainer.train_dataset:
        asked = tokenizer.decode(row["prompt_ids"])
        start, end = prompt.split("{}")
        assert asked.removeprefix(start).removesuffix(end).endswith("=")
        chosen, rejected = (tokenizer.decode(row[f"{kind}_ids"]) for kind in ("chosen", "rejected"))
        for text in (chosen, rejected):
            assert text.endswith(response.format(""))
            assert text.count(tokenizer.eos_token) == 1


@pytest.mark.parametrize("model", MODELS[1:])
@pytest.mark.parametrize("algorithm", ["dapo", "ppo", "opd", "dist"])
def test_every_architecture_trains_in_its_own_format(algorithm, model, bases, tmp_path):
    # The teacher has another architecture and no format: all tokenizers share one vocabulary.
    options = {"teacher": bases["qwen3-facts"]}
    last = trained(short(algorithm), bases[model], tmp_path / "run", **options)
    before, after = weights(bases[model]), weights(last)
    assert all(not before[name].equal(after[name]) for name in before)


def test_distillation_is_by_the_reverse_divergence_on_own_samples(bases, tmp_path):
    trainer = TRAINERS["distillation"](job(short("opd"), bases["qwen2-facts"], tmp_path))
    assert trainer.beta == 1.0


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("grpo", {"learning_rat": 1e-3}, "algorithms/grpo.toml: .*learning_rat"),
        ("grpo", {"max_steps": 7}, "algorithms/grpo.toml: max_steps 7 is not a multiple"),
        ("grpo", {"num_generations": 3}, "algorithms/grpo.toml: .*num_generations"),
        ("sft", {"num_generations": 4}, "algorithms/sft.toml: .*num_generations"),
        ("dapo", {"max_steps": 6}, "every 3 steps parts the 2 updates of one rollout"),
        ("ppo", {"num_iterations": 4}, "every 2 steps parts the 4 updates of one rollout"),
    ],
)
def test_a_wrong_recipe_is_named(name, change, message, bases, tmp_path):
    recipe = short(name, **change)
    with pytest.raises(AlphaRLBenchError, match=message):
        TRAINERS[recipe.trainer](job(recipe, bases["qwen3-facts"], tmp_path))


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("ppo", {"gamma": 1.0}, "algorithms/ppo.toml: options.gae_lambda: Field required"),
        ("dapo", {"sampling_round": 2}, "algorithms/dapo.toml: options.sampling_round: Extra"),
        ("rloo", {"teacher": "x"}, "algorithms/rloo.toml: options.teacher: Extra"),
        ("dpo", {"samples_per_prompt": 1}, "algorithms/dpo.toml: options.samples_per_prompt"),
        ("sft", {"data": "books"}, "algorithms/sft.toml: options.data: unknown 'books'"),
    ],
)
def test_a_wrong_option_is_named(name, options, message, bases, tmp_path):
    recipe = short(name).model_copy(update={"options": options})
    with pytest.raises(AlphaRLBenchError, match=message):
        TRAINERS[recipe.trainer](job(recipe, bases["qwen3-facts"], tmp_path))


def test_a_run_without_its_teacher_says_so(bases, tmp_path):
    run = job(short("opd"), bases["qwen3-facts"], tmp_path)
    orphan = type(run)(run.entry, run.algorithm, run.base, run.folder)
    with pytest.raises(AlphaRLBenchError, match=r"algorithms/opd.toml: options.teacher"):
        TRAINERS["distillation"](orphan)


def test_all_trainings_have_these_in_common(bases, tmp_path):
    arguments = job(short("sft"), bases["qwen3-facts"], tmp_path).arguments(TrainingArguments)
    assert not arguments.bf16
    assert not arguments.fp16
    assert (arguments.seed, arguments.data_seed) == (1, 1)
    assert (arguments.save_steps, arguments.logging_steps) == (2, 1)
