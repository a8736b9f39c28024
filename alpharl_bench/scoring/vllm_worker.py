"""What vLLM's workers are asked about the model that they hold."""

from typing import Any


class LoadedModel:
    """An extension of vLLM's worker; its methods are called in the processes of the engine."""

    model_runner: Any

    def takes_adapters(self, modules: list[str]) -> bool:
        """Whether the loaded model takes an adapter on each of some modules.

        Args:
            modules: names as adapters have them, without the prefix of peft.
        """
        held = getattr(self.model_runner, "lora_manager", None)
        if held is None:
            return False
        manager = held._adapter_manager  # noqa: SLF001  (vLLM has no other way to ask)
        mapper = getattr(manager.model, "hf_to_vllm_mapper", None)
        if mapper is not None:
            renamed = mapper.get_rename_mapper()
            modules = [renamed._map_name(name) or name for name in modules]  # noqa: SLF001
        packed = manager.packed_modules
        inside = {part for parts in packed.values() for part in parts}
        known = (set(manager.modules) - set(packed)) | inside
        return known.issuperset(modules)
