using System.Globalization;
using System.Security.Cryptography;
using Trainer.Kernels.Randomness;

namespace Trainer.Kernels.Data;

/// <summary>
/// Samples of a source, all or some of them, with class indices, as a network takes them: pictures go through transforms, pixels become floats v / 255, as torchvision's
/// ToTensor, and go through an <see cref="ImageTransform"/> and transforms of floats.
/// </summary>
public sealed class DataSet
{
    private readonly ISampleSource _source;
    private readonly int _labelOffset;
    private readonly int[]? _selection;
    private readonly Lazy<Shape> _shape;
    private SampleReader? _reader;

    private DataSet(ISampleSource source, int labelOffset, int count, LabelSet occurring, int[]? selection, ImageTransform transform, IReadOnlyList<Transform> transforms)
    {
        (_source, _labelOffset, _selection, Transform, Transforms) = (source, labelOffset, selection, transform, transforms);
        (Count, Labels) = (count, occurring);
        _shape = new Lazy<Shape>(() => ShapeOf(source, transforms, transform), LazyThreadSafetyMode.PublicationOnly);
        ChangesPictures = transforms.Any(each => each is PictureTransform);
    }

    public int Count { get; }

    /// <summary>Per sample, (C, H, W), transformed.</summary>
    /// <exception cref="ArgumentException">Images differ in size, and no transform brings them to one.</exception>
    public Shape Shape => _shape.Value;

    /// <summary>Which labels occur, in the whole of which this may be a part.</summary>
    public LabelSet Labels { get; }

    /// <summary>One more than the largest label.</summary>
    public int Classes => Labels.Classes();

    /// <summary>By label; empty where classes have no names.</summary>
    public IReadOnlyList<string> ClassNames => _source.ClassNames;

    /// <summary>Whether reading a sample is no more than turning bytes in memory into floats.</summary>
    internal bool IsReadyMade => _source is PlaneSource { IsInMemory: true } && Shape == _source.Shape && !ChangesPictures;

    /// <summary>Whether pixels are changed while they are bytes.</summary>
    internal bool ChangesPictures { get; }

    /// <summary>In their order: those of pictures first, then those of floats.</summary>
    internal IReadOnlyList<Transform> Transforms { get; }

    /// <summary>Between them.</summary>
    internal ImageTransform Transform { get; }

    internal ISampleSource Source => _source;

    /// <summary>Null: a sample that is broken ends the reading.</summary>
    internal SkippedSamples? Skips { get; private init; }

    /// <summary>How the samples of an epoch are drawn; null: each comes once.</summary>
    private ClassSampler? Sampler { get; init; }

    /// <summary>Whether samples are drawn, so that some come several times in an epoch.</summary>
    internal bool IsDrawn => Sampler is not null;

    /// <summary>What becomes of the batches of training; null: nothing.</summary>
    public BatchMix? Mix { get; private init; }

    /// <summary>Samples of a source of one's own; its pixels are not loaded.</summary>
    /// <param name="labelOffset">Taken from every label: 1 for labels that start at 1.</param>
    /// <exception cref="ArgumentException">It has no samples, or images of different sizes.</exception>
    public static DataSet From(ISampleSource source, int labelOffset = 0)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(source.Count, 1, nameof(source));
        return new DataSet(source, labelOffset, source.Count, LabelSet.Of(source, labelOffset), null, new ImageTransform(), []);
    }

    /// <summary>Images in memory.</summary>
    /// <param name="image">(C, H, W) of each.</param>
    /// <param name="pixels">(N, C, H, W); stays the caller's, who does not change it while the set is in use.</param>
    /// <param name="labels">(N)</param>
    /// <param name="classNames">By label; null: classes have no names.</param>
    /// <exception cref="ArgumentException">There are more or fewer pixels than the labels ask for.</exception>
    public static DataSet FromArrays(Shape image, ReadOnlyMemory<byte> pixels, ReadOnlySpan<int> labels, IReadOnlyList<string>? classNames = null)
    {
        if (image.Rank != 3 || pixels.Length != image.Elements * labels.Length)
        {
            throw new ArgumentException(
                $"{pixels.Length} pixels for {labels.Length} labels; expected (C, H, W) and as many pixels as {labels.Length} images of {image} have.", nameof(pixels));
        }

        return From(new PlaneSource("array", image, new ArrayPlanes(pixels, (int)image.Elements), labels.ToArray(), classNames ?? []));
    }

    /// <summary>Images (N,C,H,W), or (N,H,W) of one channel, and labels (N) from IDX files of unsigned bytes, or of 16 or 32 bits for labels; gzip where a name ends in <c>.gz</c>.</summary>
    /// <param name="labelOffset">Taken from every label: 1 for labels that start at 1.</param>
    /// <exception cref="DataFileException">Naming file, offset, found and expected.</exception>
    public static DataSet FromIdx(string images, string labels, int labelOffset = 0) => From(IdxSource.Open(images, labels), labelOffset).Load();

    /// <summary>Images without labels, likewise; every label reads 0.</summary>
    /// <exception cref="DataFileException">Naming file, offset, found and expected.</exception>
    public static DataSet FromIdx(string images) => From(IdxSource.Open(images, labels: null)).Load();

    /// <summary>Brings into memory what lies there while the set is read.</summary>
    /// <returns>This.</returns>
    /// <exception cref="DataFileException">A file is not what it should be.</exception>
    public DataSet Load()
    {
        _source.Load();
        return this;
    }

    /// <summary>The first <paramref name="count"/> samples, with the classes of the whole; shares its memory.</summary>
    /// <exception cref="InvalidOperationException">Samples are drawn by their classes (<see cref="Sampling"/>).</exception>
    public DataSet Take(int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, Count);
        return Part(count, _selection);
    }

    /// <summary><paramref name="count"/> samples from all over the set, at even distances, with the classes of the whole; shares its memory.</summary>
    /// <exception cref="InvalidOperationException">They are fewer, and samples are drawn by their classes (<see cref="Sampling"/>).</exception>
    public DataSet Sample(int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        var all = Count;
        if (count >= all)
        {
            return this;
        }

        RefuseDrawn();

        int[] selection = [.. Enumerable.Range(0, count).Select(i => Place((int)((long)i * all / count)))];
        return Part(count, selection);
    }

    /// <summary>The same samples through other transforms; shares the memory.</summary>
    /// <param name="transform">Of floats, before those of <paramref name="transforms"/> that are of floats too.</param>
    /// <exception cref="TransformMisfitException">One of them does not fit the images.</exception>
    /// <exception cref="ArgumentException">The first does not fit; or images differ in size, and nothing brings them to one.</exception>
    public DataSet With(ImageTransform transform, params IReadOnlyList<Transform> transforms) =>
        new DataSet(_source, _labelOffset, Count, Labels, _selection, transform, transforms) { Skips = Skips, Sampler = Sampler, Mix = Mix }.Checked();

    /// <summary>The same samples through other transforms; shares the memory.</summary>
    /// <exception cref="TransformMisfitException">One of them does not fit the images.</exception>
    /// <exception cref="ArgumentException">Images differ in size, and no transform brings them to one.</exception>
    public DataSet With(params IReadOnlyList<Transform> transforms) => With(new ImageTransform(), transforms);

    /// <summary>
    /// Cuts off <paramref name="samples"/> samples, chosen by <paramref name="seed"/> alone, for validation; both parts keep the samples' order and share the memory.
    /// </summary>
    /// <exception cref="InvalidOperationException">Samples are drawn by their classes (<see cref="Sampling"/>).</exception>
    public (DataSet Train, DataSet Validation) Split(int samples, ulong seed)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(samples, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(samples, Count);
        RefuseDrawn();
        var order = new int[Count];
        EpochOrder.Shuffle(order, seed, 0, RandomPurpose.ValidationSplit);
        var isChosen = new bool[Count];
        foreach (var sample in order.AsSpan(0, samples))
        {
            isChosen[sample] = true;
        }

        return (Select(sample => !isChosen[sample]), Select(sample => isChosen[sample]));
    }

    /// <summary>The same samples; those that are broken are black and have a label that the loss is to ignore. Order and number of samples stay, and so do the bits of all others.</summary>
    /// <param name="tell">Told once of each, by whichever thread reads it.</param>
    public DataSet Skipping(int label, Action<BrokenSampleException> tell) =>
        new(_source, _labelOffset, Count, Labels, _selection, Transform, Transforms) { Skips = new SkippedSamples(label, tell), Sampler = Sampler, Mix = Mix };

    /// <summary>The same samples; in training, those of a batch are mixed.</summary>
    /// <param name="mix">Null: they are not.</param>
    public DataSet Mixing(BatchMix? mix) => new(_source, _labelOffset, Count, Labels, _selection, Transform, Transforms) { Skips = Skips, Sampler = Sampler, Mix = mix };

    /// <summary>The same samples; epochs of training draw them by their classes.</summary>
    /// <param name="sampling">Null: each comes once.</param>
    /// <exception cref="ArgumentException">A class has no weight.</exception>
    public DataSet Sampling(ClassSampling? sampling) => new(_source, _labelOffset, Count, Labels, _selection, Transform, Transforms)
    {
        Skips = Skips,
        Mix = Mix,
        Sampler = sampling is null ? null : HasSeveralLabels ? throw new NotSupportedException("Samples with several labels each are not drawn by their classes.") : new ClassSampler(sampling, Enumerable.Range(0, Count).Select(LabelOf)),
    };

    /// <summary>The samples of an epoch of training, in their order: a function of seed and epoch.</summary>
    /// <param name="order">(<see cref="Count"/>)</param>
    /// <param name="epoch">From 1.</param>
    /// <param name="shuffle">Of samples that come once each; those that are drawn have no other order.</param>
    public void FillEpoch(Span<int> order, ulong seed, int epoch, bool shuffle = true)
    {
        if (Sampler is null)
        {
            EpochOrder.Fill(order, seed, epoch, shuffle);
        }
        else
        {
            Sampler.Fill(order, seed, epoch);
        }
    }

    /// <summary>Reads samples on a thread of its own.</summary>
    /// <param name="seed">Of what transforms draw.</param>
    public SampleReader OpenReader(ulong seed = 0) => new(this, seed);

    /// <summary>Writes sample <paramref name="index"/> as evaluation takes it to <paramref name="pixels"/> and returns its label. For one thread at a time.</summary>
    public int Read(int index, Span<float> pixels) => (_reader ??= OpenReader()).Read(index, epoch: 0, pixels);

    /// <summary>What a sample is called, in messages and tables.</summary>
    public string NameOf(int index) => _source.NameOf(Place(index));

    /// <summary>Tells data sets apart: 16 hexadecimal digits of a SHA-256 over sizes, images and labels of each, as they were read.</summary>
    public static string Fingerprint(params ReadOnlySpan<DataSet> sets)
    {
        using var sum = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var set in sets)
        {
            set.AddTo(sum);
        }

        return Convert.ToHexStringLower(sum.GetHashAndReset().AsSpan(0, 8));
    }

    /// <summary>As <see cref="Fingerprint"/>, of pictures in files, by their names, lengths and labels alone. Null: the samples are no such.</summary>
    internal static string? Outline(params ReadOnlySpan<DataSet> sets)
    {
        using var sum = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var set in sets)
        {
            if (!set._source.IsDecoded)
            {
                return null;
            }

            sum.AppendData(BitConverter.GetBytes(set.Count));
            for (var sample = 0; sample < set.Count; sample++)
            {
                set._source.Outline(set.Place(sample), sum);
            }
        }

        return Convert.ToHexStringLower(sum.GetHashAndReset().AsSpan(0, 8));
    }

    /// <summary>What a class is called: its number where classes have no names.</summary>
    public string ClassNameOf(int label) => label >= 0 && label < ClassNames.Count ? ClassNames[label] : label.ToString(CultureInfo.InvariantCulture);

    /// <summary>The class index of a sample.</summary>
    public int LabelOf(int index) => _source.LabelOf(Place(index)) - _labelOffset;

    /// <summary>Whether samples have any number of labels each, none included: what is wanted of each class's output is then 1 or 0.</summary>
    public bool HasSeveralLabels => _source.HasSeveralLabels;

    /// <summary>The class indices of a sample.</summary>
    public IEnumerable<int> LabelsOf(int index) => _source.LabelsOf(Place(index)).Select(label => label - _labelOffset);

    /// <summary>1 for each class that a sample is of, 0 for the others.</summary>
    /// <param name="targets">(classes)</param>
    public void FillTargets(int index, Span<float> targets)
    {
        targets.Clear();
        AddTargets(index, 1, targets);
    }

    /// <summary>Adds <paramref name="share"/> for each class that a sample is of.</summary>
    internal void AddTargets(int index, float share, Span<float> targets)
    {
        var labels = _source.LabelsOf(Place(index));
        for (var i = 0; i < labels.Count; i++)
        {
            targets[labels[i] - _labelOffset] += share;
        }
    }

    /// <summary>Where a sample is in the source.</summary>
    internal int Place(int index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Count, nameof(index));
        return _selection?[index] ?? index;
    }

    /// <summary>What transforms make of images of a form, one that is not known included.</summary>
    /// <exception cref="TransformMisfitException">One of them does not fit.</exception>
    internal static PictureForm FormBehind(PictureForm form, IReadOnlyList<Transform> transforms, ImageTransform transform)
    {
        for (var i = 0; i < transforms.Count; i++)
        {
            if (transforms[i] is PictureTransform && i > 0 && transforms[i - 1] is TensorTransform)
            {
                throw new TransformMisfitException(i, "works on pixels as bytes, and stands behind one that works on floats; put it before that");
            }

            try
            {
                form = transforms[i].After(form);
            }
            catch (ArgumentException misfit)
            {
                throw new TransformMisfitException(i, misfit.Message);
            }
        }

        var shape = transform.OutputShape(new Shape(form.Channels, form.Height, form.Width));
        return new PictureForm(shape[0], shape[1], shape[2]);
    }

    private static Shape ShapeOf(ISampleSource source, IReadOnlyList<Transform> transforms, ImageTransform transform)
    {
        // Whether pictures in files have one size is asked only where it matters: all of them would be opened.
        var form = source is PlaneSource planes ? FormOf(planes.Shape!.Value) : new PictureForm(source.Channels, 0, 0);
        var behind = FormBehind(form, transforms, transform);
        if (!behind.IsKnown)
        {
            behind = FormBehind(source.Shape is { } shape ? FormOf(shape) : throw new ArgumentException(
                $"Pictures differ in size{(source.SizeDifference is { } difference ? $": {difference}" : "")}. Bring them to one size, for example with "
                + "transforms: {train: [random_resized_crop: {size: 224}], test: [resize: {size: 256}, center_crop: {size: 224}]}"), transforms, transform);
        }

        return new Shape(behind.Channels, behind.Height, behind.Width);
    }

    private static PictureForm FormOf(Shape shape) => new(shape[0], shape[1], shape[2]);

    private DataSet Checked()
    {
        _ = Shape;
        return this;
    }

    private void AddTo(IncrementalHash sum)
    {
        var stored = (_source as PlaneSource)?.Shape ?? new Shape(_source.Channels, 0, 0);
        int[] sizes = [Count, stored[0], stored[1], stored[2], _labelOffset];
        foreach (var size in sizes)
        {
            sum.AppendData(BitConverter.GetBytes(size)); // Little-endian everywhere that this runs.
        }

        if (_selection is null && _source is PlaneSource planes)
        {
            AddTo(sum, planes);
            return;
        }

        for (var sample = 0; sample < Count; sample++)
        {
            _source.Identify(Place(sample), sum);
        }
    }

    /// <summary>All images, then all labels, as IDX files have them.</summary>
    private void AddTo(IncrementalHash sum, PlaneSource planes)
    {
        for (var sample = 0; sample < Count; sample++)
        {
            sum.AppendData(planes.PlanesOf(sample));
        }

        for (var sample = 0; sample < Count; sample++)
        {
            planes.IdentifyLabel(sample, sum);
        }
    }

    private DataSet Part(int count, int[]? selection)
    {
        RefuseDrawn();
        return new DataSet(_source, _labelOffset, count, Labels, selection, Transform, Transforms) { Skips = Skips, Mix = Mix };
    }

    /// <summary>Which samples are drawn was found for the whole.</summary>
    private void RefuseDrawn()
    {
        if (IsDrawn)
        {
            throw new InvalidOperationException("The samples of this set are drawn by their classes, of all of it: take the part first, and call Sampling on that.");
        }
    }

    private DataSet Select(Func<int, bool> isWanted)
    {
        int[] selection = [.. Enumerable.Range(0, Count).Where(isWanted).Select(Place)];
        return Part(selection.Length, selection);
    }
}
