using Trainer.Protos;

namespace Trainer.Hosting.Artifacts;

/// <summary>
/// Where data sets that were pushed are, below the location of jobs' files: the pack in parts of one size (<c>data-sets/parts/ID/NUMBER</c>), what is known of it (<c>data-sets/ready/ID.json</c>; while it is
/// uploaded <c>data-sets/uploads/ID.json</c>), and which jobs use it (<c>data-sets/uses/ID/JOB</c>, empty). An id is NAME@SHA-256.
/// </summary>
public static class DataSetFiles
{
    public const string Ready = "ready";
    public const string Uploads = "uploads";
    public const string Parts = "parts";

    private const string Folder = "data-sets";
    private const string Ending = ".json";

    /// <param name="artifacts">Of jobs' files.</param>
    public static string LocationIn(string artifacts) => $"{artifacts}/{Folder}";

    /// <param name="kind"><see cref="Ready"/> or <see cref="Uploads"/>.</param>
    public static string FactsKey(string kind, string id) => $"{kind}/{id}{Ending}";

    /// <summary>The id in such a key.</summary>
    public static string IdOf(string key) => Path.GetFileName(key)[..^Ending.Length];

    public static string PartsKey(string id) => $"{Parts}/{id}";

    public static string PartKey(string id, long number) => $"{PartsKey(id)}/{number:D8}";

    public static string UsesKey(string id) => $"uses/{id}";

    public static string UseKey(string id, string job) => $"{UsesKey(id)}/{job}";

    /// <summary>Name and SHA-256 of an id.</summary>
    public static (string Name, string Sha256) Split(string id) => id.Split('@') is [var name, var sum] ? (name, sum) : (id, "");

    /// <param name="kind"><see cref="Ready"/> or <see cref="Uploads"/>.</param>
    /// <returns>Null: there is none.</returns>
    public static PushedDataSet? Find(IArtifactStore store, string kind, string id) =>
        store.Get(FactsKey(kind, id)) is { } json ? ProtoJson.Read<PushedDataSet>(System.Text.Encoding.UTF8.GetString(json), []) : null;

    /// <summary>A section that names a pack in a file instead of the data set that was pushed.</summary>
    public static Data At(Data data, string pack) => new(data) { Pushed = "", Packed = new PackedFile { Path = pack } };

    /// <summary>The pack, or what of it begins at an offset, as one stream.</summary>
    public static Stream Read(IArtifactStore store, PushedDataSet set, long offset = 0) => new PartsStream(store, set, offset);

    private sealed class PartsStream(IArtifactStore store, PushedDataSet set, long offset) : Stream
    {
        private long _position = offset;
        private ArtifactContent? _part;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => (long)set.Bytes;

        public override long Position { get => _position; set => throw new NotSupportedException(); }

        public override int Read(Span<byte> buffer)
        {
            if (_position >= (long)set.Bytes || buffer.IsEmpty)
            {
                return 0;
            }

            var (number, within) = (_position / set.PartBytes, _position % set.PartBytes);
            var left = Math.Min(set.PartBytes - within, (long)set.Bytes - _position);
            _part ??= store.Open(DataSetFiles.PartKey(set.Id, number), within) ?? throw Missing(number);
            var read = _part.Stream.Read(buffer[..(int)Math.Min(buffer.Length, left)]);
            if (read == 0)
            {
                throw Missing(number);
            }

            _position += read;
            if (read == left)
            {
                _part.Dispose();
                _part = null;
            }

            return read;
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            _part?.Dispose();
            base.Dispose(disposing);
        }

        private IOException Missing(long number) => new($"{store.LocationOf(DataSetFiles.PartKey(set.Id, number))} is not there, or is shorter than it was.");
    }
}
