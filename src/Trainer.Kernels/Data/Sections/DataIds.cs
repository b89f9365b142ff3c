using Trainer.Kernels.Data.Pictures;

namespace Trainer.Kernels.Data.Sections;

/// <summary>What pictures in files are known by, 16 hexadecimal digits each, so that nobody trains on others.</summary>
/// <param name="Content">Of the names, lengths and labels of all.</param>
/// <param name="Decoder">Of what built-in pictures decode to here.</param>
public sealed record DataIds(string Content, string Decoder)
{
    /// <returns>Null: the samples are not pictures in files.</returns>
    /// <exception cref="DataFileException">One of them is not there any more.</exception>
    public static DataIds? Of(DataSet train, DataSet evaluation) => DataSet.Outline(train, evaluation) is { } content ? new DataIds(content, DecoderId.Value) : null;

    /// <summary>Why these are not what somebody else has; null: they are, as far as he says.</summary>
    /// <param name="content">Theirs; empty: nothing is said. Likewise <paramref name="decoder"/>.</param>
    public (string Field, string Problem)? Refuse(string content, string decoder) =>
        content.Length > 0 && content != Content ? ("content_id", $"the data has the id {Content} here, and the job says {content}: files have other names, sizes or labels, have come or are gone")
        : decoder.Length > 0 && decoder != Decoder ? ("decoder_id", $"pictures decode to other pixels here: the decoder's id is {Decoder}, and the job says {decoder}")
        : null;
}
