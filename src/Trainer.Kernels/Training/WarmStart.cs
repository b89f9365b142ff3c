using System.Globalization;
using Trainer.Kernels.Data;
using Trainer.Kernels.Formats;
using Trainer.Kernels.Models;

namespace Trainer.Kernels.Training;

/// <summary>What a start from a file did not take, by the model's names in their order.</summary>
/// <param name="LeftOut">The file has them, the model has not.</param>
/// <param name="Missing">The model has them, the file has not: they start as they would without.</param>
public sealed record WarmStartRest(IReadOnlyList<string> LeftOut, IReadOnlyList<string> Missing)
{
    /// <summary>What the selection leaves out of the file.</summary>
    public IReadOnlyList<string> Excluded { get; init; } = [];

    /// <summary>What the selection leaves to the model: they start as they would without.</summary>
    public IReadOnlyList<string> Reset { get; init; } = [];
}

/// <summary>Puts the tensors of a file of safetensors or of torch.save into a network, by torch.nn's names, as torch's load_state_dict does.</summary>
public static class WarmStart
{
    private const int Named = 4;

    /// <summary>Weights to train on from; batches that running statistics have seen go on where they were.</summary>
    /// <param name="network">Initialised; what the file does not have keeps its value.</param>
    /// <param name="path">Of the file.</param>
    /// <param name="strict">What is meant of the file must be every tensor of the model and no other. Counts of batches may be missing all the same.</param>
    /// <param name="selection">What is meant; null: all of it.</param>
    /// <exception cref="DataFileException">The file cannot be read, does not fit, or has a value that is not finite: then nothing is changed.</exception>
    public static WarmStartRest Load(Network network, string path, bool strict = true, WeightSelection? selection = null) =>
        Load(network, path, strict, selection ?? WeightSelection.All, mustBeFinite: true);

    /// <summary>Weights to look at as they are: likewise, but that they may be anything.</summary>
    public static void LoadTrained(Network network, string path) => Load(network, path, strict: true, WeightSelection.All, mustBeFinite: false);

    /// <summary>Whether <see cref="Load(Network, string, bool, WeightSelection)"/> would succeed, from the file's header alone.</summary>
    /// <exception cref="DataFileException">It would not.</exception>
    public static WarmStartRest Check(ParameterLayout layout, string path, bool strict = true, WeightSelection? selection = null)
    {
        using var file = TensorFile.Open(path);
        return Fit(layout, path, file, strict, selection ?? WeightSelection.All).Rest;
    }

    /// <summary>Puts an optimizer's state into a network, by torch.optim's names (<c>0.weight.exp_avg</c>).</summary>
    /// <param name="names">What the optimizer keeps.</param>
    /// <returns>Steps that it has taken.</returns>
    /// <exception cref="DataFileException">The file cannot be read, does not fit, or goes with weights that are an average: then nothing is changed.</exception>
    public static long LoadOptimizer(Network network, string path, IReadOnlyList<string> names)
    {
        RefuseAveraged(path);
        var tensors = Safetensors.Read(path);
        var parameters = network.Layout.Slots.Where(slot => slot.Kind == SlotKind.Parameter).ToList();
        Refuse(path, "has no", parameters.SelectMany(slot => names.Select(name => $"{slot.Name}.{name}")).Append("step").Where(name => !tensors.ContainsKey(name)).Order(StringComparer.Ordinal), "which the optimizer keeps");
        foreach (var (slot, name) in parameters.SelectMany(slot => names.Select(name => (slot, name))))
        {
            if (tensors[$"{slot.Name}.{name}"].Shape != slot.Shape)
            {
                throw new DataFileException(path, $"tensor '{slot.Name}.{name}' has shape {tensors[$"{slot.Name}.{name}"].Shape}; the parameter's is {slot.Shape}");
            }
        }

        foreach (var slot in parameters)
        {
            for (var i = 0; i < names.Count; i++)
            {
                tensors[$"{slot.Name}.{names[i]}"].Values.CopyTo(network.State.EditOptimizerState().Slice((i * network.Layout.Elements) + slot.Offset, slot.Elements));
            }
        }

        return (long)tensors["step"].Values[0];
    }

    private static void RefuseAveraged(string path)
    {
        using var file = SafetensorsReader.Open(path);
        if (file.Metadata.GetValueOrDefault(Safetensors.Averaged) == Safetensors.True)
        {
            throw new DataFileException(
                path, "belongs to the weights that were trained, and the file of weights beside it has their average; go on from a checkpoint of the job (init.from), or load the weights alone");
        }
    }

    private static WarmStartRest Load(Network network, string path, bool strict, WeightSelection selection, bool mustBeFinite)
    {
        using var file = TensorFile.Open(path);
        var fit = Fit(network.Layout, path, file, strict, selection);
        var counters = network.Layout.StateDict.Where(entry => entry.Slot is null && fit.Meant.ContainsKey(entry.Name)).Select(entry => entry.Name);
        var counts = counters.ToDictionary(name => name, name => file.ReadCount(fit.Meant[name].Name), StringComparer.Ordinal);
        var values = new List<(ParameterSlot Slot, float[] Values)>();
        foreach (var slot in fit.Slots)
        {
            values.Add((slot, file.Read(fit.Meant[slot.Name].Name)));
            if (mustBeFinite)
            {
                CheckFinite(path, fit.Meant[slot.Name], values[^1].Values);
            }
        }

        foreach (var (slot, given) in values)
        {
            given.CopyTo(network.EditWeights().Slice(slot.Offset, slot.Elements));
        }

        foreach (var (name, count) in counts)
        {
            network.TrackBatchesFrom(name, count);
        }

        return fit.Rest;
    }

    /// <summary>The slots that the file has tensors for, and what is left.</summary>
    private static Fitted Fit(ParameterLayout layout, string path, TensorFile file, bool strict, WeightSelection selection)
    {
        var (meant, excluded) = selection.Of(path, file);
        var known = layout.StateDict.ToDictionary(entry => entry.Name, StringComparer.Ordinal);
        WeightSelection.RefuseIdle(path, "reset", selection.Reset, NamePattern.Matches, known.Keys);
        var rest = new WarmStartRest(
            [.. meant.Keys.Where(name => !known.ContainsKey(name)).Order(StringComparer.Ordinal)],
            [.. known.Values.Where(entry => entry.Slot is not null && !meant.ContainsKey(entry.Name) && !selection.Resets(entry.Name)).Select(entry => entry.Name).Order(StringComparer.Ordinal)])
        {
            Excluded = [.. excluded.Where(name => !selection.Resets(name))],
            Reset = [.. known.Values.Where(entry => entry.Slot is not null && selection.Resets(entry.Name)).Select(entry => entry.Name).Order(StringComparer.Ordinal)],
        };
        if (strict)
        {
            Refuse(path, "has no", rest.Missing, "which the model has (strict)");
            Refuse(path, "has", rest.LeftOut, "which the model has not (strict)");
        }

        List<ParameterSlot> shared = [.. known.Values.Where(entry => meant.ContainsKey(entry.Name)).Select(entry => entry.Slot).OfType<ParameterSlot>()];
        foreach (var slot in shared)
        {
            var entry = meant[slot.Name];
            _ = file.TypeOf(entry);
            if (entry.Shape != slot.Shape)
            {
                throw new DataFileException(path, $"tensor '{entry.Name}' has shape {entry.Shape}; the model's is {slot.Shape}");
            }
        }

        return shared.Count > 0
            ? new Fitted(meant, shared, rest)
            : throw new DataFileException(path, $"has none of the model's tensors {string.Join(", ", known.Values.Where(entry => entry.Slot is not null).Select(entry => entry.Name).Take(Named))}");
    }

    private static void CheckFinite(string path, TensorEntry entry, ReadOnlySpan<float> values)
    {
        for (var i = 0; i < values.Length; i++)
        {
            if (!float.IsFinite(values[i]))
            {
                var rounded = entry.Dtype == "F64" && float.IsInfinity(values[i]) ? " as float32" : "";
                throw new DataFileException(
                    path, $"tensor '{entry.Name}' has {values[i].ToString(CultureInfo.InvariantCulture)}{rounded} at [{IndexOf(i, entry.Shape)}]; training starts from finite weights");
            }
        }
    }

    /// <summary>Along each dimension, of the element number <paramref name="element"/>.</summary>
    private static string IndexOf(int element, Shape shape)
    {
        var index = new int[shape.Rank];
        for (var i = shape.Rank - 1; i >= 0; i--)
        {
            (index[i], element) = (element % shape[i], element / shape[i]);
        }

        return string.Join(", ", index);
    }

    private static void Refuse(string path, string verb, IEnumerable<string> given, string reason)
    {
        List<string> names = [.. given];
        if (names.Count > 0)
        {
            var more = names.Count > Named ? $" and {names.Count - Named} more" : "";
            throw new DataFileException(path, $"{verb} {string.Join(", ", names.Take(Named))}{more}, {reason}");
        }
    }

    /// <param name="Meant">Tensors of the file by the model's names.</param>
    private sealed record Fitted(IReadOnlyDictionary<string, TensorEntry> Meant, IReadOnlyList<ParameterSlot> Slots, WarmStartRest Rest);
}
