"""Makes replies shorter, with RL; written in May."""

import training.recipes.rl_loop as rl
from training.utils import DeployConfig, InfraConfig, WeightSyncConfig


def reward(completion: str, row: dict) -> float:
    return 1.0 if len(completion) < row["limit"] else 0.0


def main() -> None:
    config = rl.Config(
        log_path="./logs/rl",
        dataset="data/replies.jsonl",
        infra=InfraConfig(training_shape_id="accounts/fireworks/trainingShapes/qwen3-8b-128k-h200"),
        deployment=DeployConfig(tokenizer_model="Qwen/Qwen3-8B"),
        weight_sync=WeightSyncConfig(dcp_save_interval=20),
    )
    rl.reward_fn = reward
    rl.main(config)


if __name__ == "__main__":
    main()
