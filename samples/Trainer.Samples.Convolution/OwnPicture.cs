using Trainer.Kernels.Data;
using Trainer.Kernels.Data.Pictures;
using Trainer.Kernels.Functional;

namespace Trainer.Samples.Convolution;

internal static class OwnPicture
{
    public static void Run(Functions f, string path, string to)
    {
        var data = DataSet.From(PictureFiles.Open([path], channels: 3));
        var x = new NdArray(data.Shape, new float[data.Shape.Elements]);
        data.Read(0, x.Values); // 0 to 1, red, then green, then blue

        var edges = Colour.Magnitude(f, x);
        PngFile.Write(to, PictureOf(edges));
        Console.WriteLine($"{path} {x.Shape}: its edges {edges.Shape} are in {to}");
    }

    /// <summary>Pixels whose channels stand side by side; what is beyond white becomes white.</summary>
    private static Picture PictureOf(NdArray planes)
    {
        var (picture, plane) = (new Picture(), planes.Shape[1] * planes.Shape[2]);
        var pixels = picture.Reshape(planes.Shape[1], planes.Shape[2], 3);
        for (var i = 0; i < pixels.Length; i++)
        {
            pixels[i] = (byte)Math.Clamp((255 * planes.Values[(i % 3 * plane) + (i / 3)]) + 0.5f, 0, 255);
        }

        return picture;
    }
}
