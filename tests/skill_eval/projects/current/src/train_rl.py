"""Teaches the triage model to name the right team, with RL."""

import training.recipes.rl_loop as rl
from training.utils import DeployConfig, TrainerConfig


def reward(completion: str, row: dict) -> float:
    return 1.0 if row["team"] in completion else 0.0


def main() -> None:
    config = rl.Config(
        log_path="./logs/rl",
        dataset="data/tickets.jsonl",
        trainer=TrainerConfig(),
        deployment=DeployConfig(tokenizer_model="Qwen/Qwen3-8B"),
        dcp_save_interval=20,
    )
    rl.reward_fn = reward
    rl.main(config)


if __name__ == "__main__":
    main()
