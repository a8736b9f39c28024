"""What a file of a user, or of a stranger, may take: bytes, counts, seconds.

Every limit is far above what a real file has. ``docs/security.md`` lists them; a test compares.
"""

KB, MB, GB = 10**3, 10**6, 10**9

#: ``config.json``, ``adapter_config.json``, and the other settings beside a model's weights.
CONFIG_BYTES = 16 * MB
#: ``tokenizer.json`` and other vocabularies beside a model's weights.
TOKENIZER_BYTES = 512 * MB
#: The index of a model's shards.
INDEX_BYTES = 64 * MB
#: ``accuracies.json``, ``accuracies.csv`` and what ``--accuracies`` names.
ACCURACIES_BYTES = 16 * MB
#: ``trainer_state.json``.
TRAINER_STATE_BYTES = 64 * MB
#: A file of questions below ``--data-dir``.
QUESTIONS_BYTES = 256 * MB
#: ``session.json`` of a report folder, unpacked.
SESSION_BYTES = 512 * MB
#: ``scores.jsonl`` of a report folder, unpacked.
SCORES_BYTES = 2 * GB
#: ``results.json`` of a report folder.
RESULTS_BYTES = 512 * MB
#: The header of a safetensors file, as the format itself has it.
HEADER_BYTES = 100 * MB
#: The pickle of a ``.bin`` file, which names its tensors and holds none of their values.
PICKLE_BYTES = 100 * MB
#: The list of entries in a ``.bin`` file, which is a zip archive.
DIRECTORY_BYTES = 64 * MB
#: Dimensions of a tensor.
DIMENSIONS = 64
#: Levels of lists and objects in JSON; pydantic's parser has this limit built in.
JSON_DEPTH = 200
#: Time to load a tokenizer and to render all prompts by its chat template.
TEMPLATE_SECONDS = 120.0
#: Memory that loading the tokenizer and rendering may take.
TEMPLATE_BYTES = 4 * GB
#: What a chat template may add to a prompt.
TEMPLATE_CHARACTERS = 1_000_000
#: Faults of one file that an error lists.
FAULTS_SHOWN = 5
#: Characters of a name in an error about a file's content.
NAME_CHARACTERS = 200
