// Convolution by hand, on this machine's CPU, with the library alone (docs/convolution.md): Trainer.Samples.Convolution [PICTURE OUT.png]
using Trainer.Kernels.Devices.Cpu;
using Trainer.Kernels.Functional;
using Trainer.Samples.Convolution;

using var device = CpuDevice.Create();
var f = new Functions(device);
if (args is [var picture, var to])
{
    OwnPicture.Run(f, picture, to);
    return;
}

CrossCorrelation.Run(f);
PaddingAndStride.Run(f);
Edges.Run(f);
LearningAKernel.Run(f);
Channels.Run(f);
Pooling.Run(f);
Colour.Run(f);
