"""Responses that leave their batch: what transformers draws, token by token, for less work."""

import itertools

import pytest
import torch
from transformers import LogitsProcessor, LogitsProcessorList

from alpharl_bench.generation import leaving, savings
from tests.models import DENSE, VOCABULARY, model_of

PAD, END = 0, 2
#: Rows of three prompts of different length, padded on the left.
ROWS = 6
NEW = 10


@pytest.fixture(scope="module", params=DENSE)
def model(request):
    """A model that ends a third of its responses in each step."""
    made = model_of(request.param).eval()
    with torch.no_grad():
        made.get_output_embeddings().weight.mul_(8)
    return made


@pytest.fixture(scope="module")
def asked():
    prompts = [5, 6, 7, 8, 9], [PAD, PAD, 11, 12, 13], [PAD, 21, 22, 23, 24]
    ids = torch.tensor([*prompts] * (ROWS // 3))
    return ids, (ids != PAD).long()


class EndsByRow(LogitsProcessor):
    """Ends a response by its own tokens, so that rows end at different steps."""

    def __call__(self, input_ids, scores):
        ending = input_ids.sum(dim=1) % 4 == 1
        scores[ending, END] += 100
        return scores


class Seen(LogitsProcessor):
    """Records what a processor is given."""

    def __init__(self):
        self.shapes, self.rows = [], []

    def __call__(self, input_ids, scores):
        self.shapes.append((tuple(input_ids.shape), tuple(scores.shape)))
        self.rows.append(input_ids.clone())
        return scores


def generated(model, asked, options, *, sample, processors=(), ends=END):
    ids, mask = asked
    torch.manual_seed(7)
    return model.generate(
        input_ids=ids,
        attention_mask=mask,
        max_new_tokens=NEW,
        do_sample=sample,
        **({"temperature": 1.0, "top_k": 0, "top_p": 1.0} if sample else {}),
        pad_token_id=PAD,
        eos_token_id=ends,
        logits_processor=LogitsProcessorList([*processors]),
        **options,
    )


@pytest.mark.parametrize("sample", [False, True], ids=["greedy", "sampled"])
@pytest.mark.parametrize("shared", [False, True], ids=["alone", "shared prompts"])
def test_what_is_drawn_is_what_transformers_draws(model, asked, sample, shared):
    own = generated(model, asked, {}, sample=sample, processors=[EndsByRow()])
    options = savings(model, *asked) if shared else {"custom_generate": leaving}
    ours = generated(model, asked, options, sample=sample, processors=[EndsByRow()])
    assert torch.equal(ours, own)
    lengths = (own[:, asked[0].shape[1] :] != PAD).sum(dim=1)
    # The test says something: responses end at different steps.
    assert len(lengths.unique()) > 1


def test_rows_leave_when_they_have_ended(model, asked):
    rows = []
    hook = model.register_forward_pre_hook(
        lambda _, args, inputs: rows.append(len(inputs["input_ids"])), with_kwargs=True
    )
    drawn = generated(
        model, asked, {"custom_generate": leaving}, sample=True, processors=[EndsByRow()]
    )
    hook.remove()
    new = drawn[:, asked[0].shape[1] :]
    lengths = [row.index(END) + 1 if END in row else NEW for row in new.tolist()]
    assert rows == [sum(length > step for length in lengths) for step in range(max(lengths))]
    assert rows[-1] < rows[0] == ROWS


def test_a_processor_sees_the_prompt_and_what_was_generated_of_those_that_are_there(model, asked):
    seen = Seen()
    drawn = generated(
        model,
        asked,
        {"custom_generate": leaving},
        sample=True,
        processors=[EndsByRow(), seen],
    )
    for step, (rows, (ids, scores)) in enumerate(zip(seen.rows, seen.shapes, strict=True)):
        assert ids[1] == asked[0].shape[1] + step
        assert scores == (ids[0], VOCABULARY)
        there = [r for r in range(ROWS) if END not in drawn[r, asked[0].shape[1] : ids[1]]]
        assert torch.equal(rows, drawn[there, : ids[1]])


def test_the_same_seed_draws_the_same_whatever_the_others_do(model, asked):
    """A response that ends at once takes no noise from the others."""

    class EndSecondPrompt(LogitsProcessor):
        def __call__(self, input_ids, scores):
            second = (input_ids[:, :5] == asked[0][1]).all(dim=1)
            scores[second, END] += 100
            return scores

    options = {"custom_generate": leaving}
    with_all = generated(model, asked, options, sample=True)
    without = generated(model, asked, options, sample=True, processors=[EndSecondPrompt()])
    ended = torch.arange(ROWS) % 3 == 1
    assert (without[ended, 5] == END).all()
    width = min(with_all.shape[1], without.shape[1])
    assert torch.equal(without[~ended, :width], with_all[~ended, :width])


def test_every_response_is_as_probable_as_the_model_says():
    """Of two tokens, all responses: their frequencies against products of probabilities."""
    model = model_of("llama", vocab_size=5).eval()
    with torch.no_grad():
        model.get_output_embeddings().weight.mul_(4)
    prompt, count = torch.tensor([[3, 4]]), 4096
    ids = prompt.expand(count, -1)
    torch.manual_seed(0)
    drawn = model.generate(
        input_ids=ids,
        attention_mask=torch.ones_like(ids),
        max_new_tokens=2,
        do_sample=True,
        temperature=1.0,
        top_k=0,
        top_p=1.0,
        pad_token_id=PAD,
        eos_token_id=END,
        **savings(model, ids, torch.ones_like(ids)),
    )[:, 2:]
    with torch.no_grad():
        first = model(prompt).logits[0, -1].softmax(dim=-1)
        second = torch.stack(
            [model(torch.tensor([[3, 4, t]])).logits[0, -1].softmax(dim=-1) for t in range(5)]
        )
    chi_squared = 0.0
    for one, two in itertools.product(range(5), repeat=2):
        if one == END and two != PAD:
            continue
        probability = first[one] * (1 if one == END else second[one, two])
        found = (drawn == torch.tensor([one, two])).all(dim=1).sum()
        chi_squared += float((found - count * probability) ** 2 / (count * probability))
    # 21 responses; one in ten thousand exceeds 52.4 (χ² with 20 degrees of freedom).
    assert chi_squared < 52.4


def test_where_something_listens_no_row_leaves(model, asked):
    hook = model.register_forward_hook(lambda *_: None)
    assert savings(model, *asked) == {}
    hook.remove()
    assert savings(model, *asked)["custom_generate"] is leaving


def test_a_prompt_of_one_token_is_not_read_beforehand(model):
    ids = torch.tensor([[5], [6]])
    asked = ids, torch.ones_like(ids)
    assert savings(model, *asked).keys() == {"custom_generate"}
    own = generated(model, asked, {}, sample=True)
    assert torch.equal(generated(model, asked, savings(model, *asked), sample=True), own)
