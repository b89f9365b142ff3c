namespace Trainer.Node.Links;

/// <summary>What carries a link's bytes, in their order. Blocking calls only: one thread may read while another writes.</summary>
internal interface ILinkWire : IDisposable
{
    /// <summary>How long one read may wait; zero: for ever.</summary>
    TimeSpan ReadTimeout { set; }

    /// <summary>Both pieces, one behind the other. The caller may change them once it returns.</summary>
    void Write(ReadOnlySpan<byte> header, ReadOnlySpan<byte> payload);

    /// <summary>Some bytes, as soon as there are any; 0 at the end.</summary>
    int Read(Span<byte> into);
}
