"""Which kinds of training a claim is about, and what a verdict on another kind means.

The one rule: the paper says Property 1 of reinforcement learning, and that it is absent elsewhere.
So a claim without ``kinds`` of its own is about RL and self-play. It is judged on every run, and on
runs of another kind the verdict is a *contrast*: shown, but neither a failure of the claim where it
is refuted there, nor support where it holds. A claim with ``kinds`` is about these and is judged on
no others.
"""

from alpharl_bench.registry import Kind

#: What the paper means by RL: with verifiable rewards, or by self-play (Appendix A).
RL: frozenset[Kind] = frozenset({"RL", "self-play"})
#: Training towards given texts, off-policy and without a constraint on the distribution.
IMITATION: frozenset[Kind] = frozenset({"SFT", "distillation"})
