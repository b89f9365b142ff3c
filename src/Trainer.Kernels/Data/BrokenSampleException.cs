namespace Trainer.Kernels.Data;

/// <summary>A sample that was read and is not what it should be: the file's fault, not the disk's.</summary>
public sealed class BrokenSampleException(string file, string problem, Exception? inner = null) : DataFileException(file, problem, inner);
