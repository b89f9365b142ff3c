using Google.Protobuf;
using Trainer.Kernels;
using Trainer.Kernels.Data;
using Trainer.Kernels.Data.Pictures;
using Trainer.Protos;

namespace Trainer.Node.Inspection;

/// <summary>Sheets of pictures as the API has them.</summary>
internal static class Sheets
{
    public static PictureGrid Of(IReadOnlyList<Picture> pictures, int columns)
    {
        using var png = new MemoryStream();
        PictureSheet.Write(png, pictures, columns);
        return new PictureGrid
        {
            Png = ByteString.CopyFrom(png.GetBuffer(), 0, (int)png.Length),
            Pictures = (uint)pictures.Count,
            Columns = (uint)Math.Min(columns, pictures.Count),
            Height = (uint)pictures.Max(picture => picture.Height),
            Width = (uint)pictures.Max(picture => picture.Width),
        };
    }

    public static IEnumerable<uint> Sizes(Shape shape) => shape.Dimensions.ToArray().Select(size => (uint)size);
}
