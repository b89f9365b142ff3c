using ILGPU;
using Trainer.Kernels.Gpu.Arithmetic;
using Trainer.Kernels.Gpu.Memory;

namespace Trainer.Kernels.Gpu.Tiles;

/// <summary>Where the elements of a product go. A sink serves a batch of products.</summary>
internal interface ITileSink<TSelf>
{
    TSelf Of(int product);

    /// <summary>Elements beyond the product's rows and columns are to be dropped.</summary>
    void Store(int row, int column, float value);
}

/// <summary>Rows of a matrix, one behind another; of a batch, product by product.</summary>
internal readonly record struct MatrixSink(ArrayView<float> Values, int Rows, int Columns, long ProductStride) : ITileSink<MatrixSink>
{
    public MatrixSink Of(int product) => this with { Values = Values.SubView(product * ProductStride) };

    public void Store(int row, int column, float value)
    {
        if (row < Rows && column < Columns)
        {
            var values = Values;
            values[((long)row * Columns) + column] = value;
        }
    }
}

/// <summary>Outputs of a linear layer: rows are samples, columns outputs.</summary>
/// <param name="Bias">(Columns), or without elements.</param>
internal readonly record struct LinearOutputs(SampleRows Y, ArrayView<float> Bias, OutputSteps Steps, int Rows, int Columns) : ITileSink<LinearOutputs>
{
    public LinearOutputs Of(int product) => this;

    public void Store(int row, int column, float value)
    {
        if (row < Rows && column < Columns)
        {
            var y = Y;
            y[row, column] = Steps.Apply(Bias.Length == 0 ? value : Exact.Add(value, Bias[column]), row, column);
        }
    }
}

/// <summary>Input gradients of a linear layer: rows are samples, columns inputs.</summary>
internal readonly record struct LinearGradients(SampleRows Dx, GradientSteps Steps, int Rows, int Columns) : ITileSink<LinearGradients>
{
    public LinearGradients Of(int product) => this;

    public void Store(int row, int column, float value)
    {
        if (row < Rows && column < Columns)
        {
            var dx = Dx;
            dx[row, column] = Steps.Apply(value, row, column);
        }
    }
}

/// <summary>Outputs of a convolution: rows are the channels of a group, columns pixels.</summary>
/// <param name="Bias">Of all groups, or without elements.</param>
/// <param name="First">Channel of row 0.</param>
internal readonly record struct ConvolutionOutputs(SampleRows Y, ArrayView<float> Bias, OutputSteps Steps, PixelGrid Pixels, int First, int Rows)
    : ITileSink<ConvolutionOutputs>
{
    public ConvolutionOutputs Of(int product) => this with { First = First + (product * Rows) };

    public void Store(int row, int column, float value)
    {
        if (row < Rows && column < Pixels.Count)
        {
            var sample = Pixels.SampleOf(column);
            var element = ((long)(First + row) * Pixels.PerSample) + column - (sample * Pixels.PerSample);
            var y = Y;
            y[sample, element] = Steps.Apply(Bias.Length == 0 ? value : Exact.Add(value, Bias[First + row]), sample, element);
        }
    }
}

/// <summary>
/// Input gradients of a convolution: rows are the input channels of a group, columns the pixels of one phase of the stride, which are pixels
/// (FirstRow + StrideH row, FirstColumn + StrideW column) of the image.
/// </summary>
internal readonly record struct ConvolutionGradients(
    SampleRows Dx, GradientSteps Steps, PixelGrid Pixels, int Height, int Width, int FirstRow, int FirstColumn, int StrideH, int StrideW, int First, int Rows)
    : ITileSink<ConvolutionGradients>
{
    public ConvolutionGradients Of(int product) => this with { First = First + (product * Rows) };

    public void Store(int row, int column, float value)
    {
        if (row < Rows && column < Pixels.Count)
        {
            var place = Pixels.At(column);
            var element = ((long)(First + row) * Height * Width)
                + ((FirstRow + (StrideH * place.Row)) * Width) + FirstColumn + (StrideW * place.Column);
            var dx = Dx;
            dx[place.Sample, element] = Steps.Apply(value, place.Sample, element);
        }
    }
}
