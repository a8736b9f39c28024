from alpharl_bench.training.rewards import verifiable_reward


def logged():
    figures = []
    return figures, lambda name, value: figures.append((name, value))


def test_the_reward_is_the_grading_of_the_scored_tasks():
    figures, log_metric = logged()
    texts = ["7+8=15;#95", "#94", ""]
    assert verifiable_reward(texts, ["95", "95", "95"], ["arithmetic"] * 3, log_metric) == [
        1.0,
        0.0,
        0.0,
    ]
    assert figures == [("accuracy", 1.0), ("accuracy", 0.0), ("accuracy", 0.0)]


def test_a_turn_of_a_chat_is_rewarded_by_its_text():
    turns = [[{"role": "assistant", "content": text}] for text in ("#95", "#95 or so")]
    assert verifiable_reward(turns, ["95", "95"], ["arithmetic"] * 2, logged()[1], prompts=[]) == [
        1.0,
        0.0,
    ]


def test_a_problem_in_words_is_graded_by_the_last_number():
    texts = ["The answer is 22.", "7 + 15", "22 apples, or 23"]
    rewards = verifiable_reward(texts, ["22"] * 3, ["number"] * 3, logged()[1])
    assert rewards == [1.0, 0.0, 0.0]


def test_where_steps_count_the_right_answer_alone_is_worth_nothing():
    gold = "7+8=15;3+5+1=9;#95"
    texts = [gold, "#95", "7+8=15;3+5=9;#95"]
    assert verifiable_reward(texts, [gold] * 3, ["worked"] * 3, logged()[1]) == [1.0, 0.0, 0.0]
