namespace Trainer.Kernels.Tests.Devices;

[Collection(CpuVariants.Serial)]
public sealed class CpuConv2dTests() : Conv2dSuite(CpuVariants.All);

[Collection(CpuVariants.Serial)]
public sealed class CpuLinearTests() : LinearSuite(CpuVariants.All);

[Collection(CpuVariants.Serial)]
public sealed class CpuContractionTests() : ContractionSuite(CpuVariants.All);

[Collection(CpuVariants.Serial)]
public sealed class CpuPoolingTests() : PoolingSuite(CpuVariants.All);

[Collection(CpuVariants.Serial)]
public sealed class CpuNormalizationTests() : NormalizationSuite(CpuVariants.All);

[Collection(CpuVariants.Serial)]
public sealed class CpuSharedNormTests() : SharedNormSuite(CpuVariants.All);

[Collection(CpuVariants.Serial)]
public sealed class CpuElementwiseTests() : ElementwiseSuite(CpuVariants.All);

[Collection(CpuVariants.Serial)]
public sealed class CpuLossTests() : LossSuite(CpuVariants.All);

[Collection(CpuVariants.Serial)]
public sealed class CpuUpdateTests() : UpdateSuite(CpuVariants.All);

[Collection(CpuVariants.Serial)]
public sealed class CpuGoldenStepTests() : GoldenStepSuite(CpuVariants.All);
