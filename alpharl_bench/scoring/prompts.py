"""How a question is put to a model: as the task file words it, in a chat, or as the paper did."""

from typing import Literal, get_args

#: ``plain`` is the text of the task file as it stands, ``chat`` the same in the chat template.
Prompt = Literal["plain", "chat", "paper-rl", "paper-sft"]
PROMPTS: tuple[Prompt, ...] = get_args(Prompt)

#: Texts of Appendix B of arXiv 2510.00553, Jinja templates in place of a task's own.
TEMPLATES: dict[Prompt, str] = {
    # What RLOO, GRPO and DAPO were trained on.
    "paper-rl": (
        "User: Solve the following math problem step by step. The last line of your response "
        "should be of the form Answer: $Answer (without quotes) where $Answer is the answer to "
        "the problem.\n\n{{question}}\n\nRemember to put your answer on its own line after "
        '"Answer:".\n\nAssistant:'
    ),
    # What SFT was trained on.
    "paper-sft": (
        "User:\n{{question}}\nPlease reason step by step, and put your final answer within "
        "\\boxed{}.\nAssistant:"
    ),
}
