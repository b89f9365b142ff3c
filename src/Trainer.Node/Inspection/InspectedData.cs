using Trainer.Hosting.Artifacts;
using Trainer.Kernels;
using Trainer.Kernels.Data;
using Trainer.Kernels.Data.Pictures;
using Trainer.Kernels.Data.Sections;
using Trainer.Protos;
using Trainer.Protos.Cluster;

namespace Trainer.Node.Inspection;

/// <summary>A job's data on this machine, described when they are first wanted.</summary>
internal sealed class InspectedData : IDisposable
{
    private readonly JobSpec _spec;
    private readonly Lazy<(DataSet Train, DataSet Evaluation)> _sets;
    private CachedPack? _pack;
    private string? _upload;

    public InspectedData(InspectionOrder order)
    {
        _spec = order.Spec;
        _sets = new Lazy<(DataSet Train, DataSet Evaluation)>(() =>
        {
            if (_spec.Data.Pushed.Length > 0)
            {
                _pack = DataSetCache.Find(order.DataCache, _spec.Data.Pushed)
                    ?? throw new DataFileException(_spec.Data.Pushed, "is in the cluster's store, and not on the coordinator's machine: no worker has fetched it there");
            }

            return DataSection.Describe(JobFile.SectionJson(_pack is null ? _spec.Data : DataSetFiles.At(_spec.Data, _pack.Path)));
        });
    }

    public DataSet Train => _sets.Value.Train;

    public DataSet Evaluation => _sets.Value.Evaluation;

    /// <summary>By label; empty where classes have no names, or the data are not here.</summary>
    public IReadOnlyList<string> ClassNames
    {
        get
        {
            try
            {
                return Train.ClassNames;
            }
            catch (Exception gone) when (gone is DataFileException or ModelException)
            {
                return [];
            }
        }
    }

    /// <summary>One picture that somebody brought, on its way through the job's evaluation.</summary>
    /// <param name="input">That the model takes.</param>
    /// <returns>The picture, and whether it was brought to the model's size first: the job's transforms do not do that.</returns>
    public (DataSet Set, bool Resized) Upload(ReadOnlySpan<byte> file, Shape input)
    {
        _upload = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        File.WriteAllBytes(_upload, file);
        try
        {
            var (section, picture) = (JobFile.SectionJson(_spec.Data), DataSet.From(PictureFiles.Open([_upload], input[0])));
            picture.OpenReader(seed: 0).ReadPicture(0, epoch: 0); // Whether it is a picture is told here, not where it is used.
            return TryApply(section, picture) is { } fitting && fitting.Shape == input ? (fitting, false) : (DataSection.Apply(section, Resized(picture, input)), true);
        }
        catch (DataFileException broken)
        {
            throw new InspectionException("upload", broken.Message.Replace(_upload, "the picture", StringComparison.Ordinal));
        }
        catch (ModelException misfit)
        {
            throw new InspectionException("upload", misfit.Message);
        }
    }

    // Null: one of the transforms does not fit a picture of that size.
    private static DataSet? TryApply(string section, DataSet picture)
    {
        try
        {
            return DataSection.Apply(section, picture);
        }
        catch (ModelException)
        {
            return null;
        }
    }

    private static DataSet Resized(DataSet picture, Shape input)
    {
        var resized = picture.With(new ImageTransform(), new Kernels.Data.Transforms.Resize([input[1], input[2]])).OpenReader(seed: 0).ReadPicture(0, epoch: 0);
        var (planes, pixels) = (new byte[input.Elements], resized.Height * resized.Width);
        for (var i = 0; i < planes.Length; i++)
        {
            planes[i] = resized.Pixels[(i % pixels * resized.Channels) + (i / pixels)];
        }

        return DataSet.FromArrays(input, planes, [0]);
    }

    public void Dispose()
    {
        _pack?.Dispose();
        if (_upload is not null)
        {
            File.Delete(_upload);
        }
    }
}
