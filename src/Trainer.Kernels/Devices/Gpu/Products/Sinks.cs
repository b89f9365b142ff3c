using ILGPU;
using Trainer.Kernels.Devices.Gpu.Arithmetic;
using Trainer.Kernels.Devices.Gpu.Memory;

namespace Trainer.Kernels.Devices.Gpu.Products;

/// <summary>Rows of a matrix, one behind another; of a batch, product by product.</summary>
internal readonly record struct MatrixSink(ArrayView<float> Values, int Rows, int Columns, long ProductStride) : IBatchSink<MatrixSink>
{
    public MatrixSink Of(int product) => this with { Values = Values.SubView(product * ProductStride) };

    public void Store(int row, int column, Float4 sums)
    {
        if (row < Rows)
        {
            var at = (long)row * Columns;
            Put(at, column, sums.X);
            Put(at, column + 1, sums.Y);
            Put(at, column + 2, sums.Z);
            Put(at, column + 3, sums.W);
        }
    }

    private void Put(long at, int column, float value)
    {
        var values = Values;
        if (column < Columns)
        {
            values[at + column] = value;
        }
    }
}

/// <summary>Outputs of a linear layer: rows are samples, columns outputs.</summary>
/// <param name="Bias">(Columns), or without elements.</param>
internal readonly record struct LinearOutputs(SampleRows Y, ArrayView<float> Bias, OutputSteps Steps, int Rows, int Columns) : IBatchSink<LinearOutputs>
{
    public LinearOutputs Of(int product) => this;

    public void Store(int row, int column, Float4 sums)
    {
        if (row < Rows)
        {
            Put(row, column, sums.X);
            Put(row, column + 1, sums.Y);
            Put(row, column + 2, sums.Z);
            Put(row, column + 3, sums.W);
        }
    }

    private void Put(int row, int column, float value)
    {
        if (column < Columns)
        {
            var y = Y;
            y[row, column] = Steps.Apply(Bias.Length == 0 ? value : Exact.Add(value, Bias[column]), row, column);
        }
    }
}

/// <summary>Input gradients of a linear layer: rows are samples, columns inputs.</summary>
internal readonly record struct LinearGradients(SampleRows Dx, GradientSteps Steps, int Rows, int Columns) : IBatchSink<LinearGradients>
{
    public LinearGradients Of(int product) => this;

    public void Store(int row, int column, Float4 sums)
    {
        if (row < Rows)
        {
            Put(row, column, sums.X);
            Put(row, column + 1, sums.Y);
            Put(row, column + 2, sums.Z);
            Put(row, column + 3, sums.W);
        }
    }

    private void Put(int row, int column, float value)
    {
        if (column < Columns)
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
    : IBatchSink<ConvolutionOutputs>
{
    public ConvolutionOutputs Of(int product) => this with { First = First + (product * Rows) };

    public void Store(int row, int column, Float4 sums)
    {
        if (row < Rows)
        {
            var channel = First + row;
            var bias = Bias.Length == 0 ? 0f : Bias[channel];
            Put(channel, column, sums.X, bias);
            Put(channel, column + 1, sums.Y, bias);
            Put(channel, column + 2, sums.Z, bias);
            Put(channel, column + 3, sums.W, bias);
        }
    }

    private void Put(int channel, int pixel, float value, float bias)
    {
        if (pixel < Pixels.Count)
        {
            var sample = Pixels.SampleOf(pixel);
            var element = ((long)channel * Pixels.PerSample) + pixel - (sample * Pixels.PerSample);
            var y = Y;
            y[sample, element] = Steps.Apply(Bias.Length == 0 ? value : Exact.Add(value, bias), sample, element);
        }
    }
}

/// <summary>
/// Input gradients of a convolution: rows are the input channels of a group, columns the pixels of one phase of the stride, which are pixels
/// (FirstRow + StrideH row, FirstColumn + StrideW column) of the image.
/// </summary>
internal readonly record struct ConvolutionGradients(
    SampleRows Dx, GradientSteps Steps, PixelGrid Pixels, int Height, int Width, int FirstRow, int FirstColumn, int StrideH, int StrideW, int First, int Rows)
    : IBatchSink<ConvolutionGradients>
{
    public ConvolutionGradients Of(int product) => this with { First = First + (product * Rows) };

    public void Store(int row, int column, Float4 sums)
    {
        if (row < Rows)
        {
            var at = (long)(First + row) * Height * Width;
            Put(at, column, sums.X);
            Put(at, column + 1, sums.Y);
            Put(at, column + 2, sums.Z);
            Put(at, column + 3, sums.W);
        }
    }

    private void Put(long at, int pixel, float value)
    {
        if (pixel < Pixels.Count)
        {
            var place = Pixels.At(pixel);
            var element = at + ((FirstRow + (StrideH * place.Row)) * Width) + FirstColumn + (StrideW * place.Column);
            var dx = Dx;
            dx[place.Sample, element] = Steps.Apply(value, place.Sample, element);
        }
    }
}
