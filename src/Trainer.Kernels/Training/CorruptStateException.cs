namespace Trainer.Kernels.Training;

/// <summary>A state, or what was to enter it, is not what was agreed on: memory has changed, or a copy is torn or of something else. Nothing was applied.</summary>
public sealed class CorruptStateException(string message) : Exception(message);
