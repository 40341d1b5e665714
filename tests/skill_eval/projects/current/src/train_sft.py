"""Teaches the triage model the form of an answer, with supervised rows."""

from training.recipes import sft_loop
from training.utils import TrainerConfig


def main() -> None:
    config = sft_loop.Config(
        log_path="./logs/sft",
        base_model="accounts/fireworks/models/qwen3-8b",
        dataset="data/answers.jsonl",
        tokenizer_model="Qwen/Qwen3-8B",
        trainer=TrainerConfig(),
        dcp_save_interval=50,
    )
    sft_loop.main(config)


if __name__ == "__main__":
    main()
