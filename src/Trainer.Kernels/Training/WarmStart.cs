using System.Globalization;
using Trainer.Kernels.Data;
using Trainer.Kernels.Formats;
using Trainer.Kernels.Models;

namespace Trainer.Kernels.Training;

/// <summary>What a start from a file did not take, by names in their order.</summary>
/// <param name="LeftOut">The file has them, the model has not.</param>
/// <param name="Missing">The model has them, the file has not: they start as they would without.</param>
public sealed record WarmStartRest(IReadOnlyList<string> LeftOut, IReadOnlyList<string> Missing);

/// <summary>Puts the tensors of a safetensors file into a network, by torch.nn's names, as torch's load_state_dict does.</summary>
public static class WarmStart
{
    private const int Named = 4;

    /// <summary>Weights to train on from; batches that running statistics have seen go on where they were.</summary>
    /// <param name="network">Initialised; what the file does not have keeps its value.</param>
    /// <param name="path">Of the file.</param>
    /// <param name="strict">The file must have every tensor of the model and no other. Counts of batches may be missing all the same.</param>
    /// <exception cref="DataFileException">The file cannot be read, does not fit, or has a value that is not finite: then nothing is changed.</exception>
    public static WarmStartRest Load(Network network, string path, bool strict = true) => Load(network, path, strict, mustBeFinite: true);

    /// <summary>Weights to look at as they are: likewise, but that they may be anything.</summary>
    public static void LoadTrained(Network network, string path) => Load(network, path, strict: true, mustBeFinite: false);

    /// <summary>Whether <see cref="Load(Network, string, bool)"/> would succeed, from the file's header alone.</summary>
    /// <exception cref="DataFileException">It would not.</exception>
    public static WarmStartRest Check(ParameterLayout layout, string path, bool strict = true)
    {
        using var file = SafetensorsReader.Open(path);
        Fit(layout, path, file, strict);
        return RestOf(layout, file);
    }

    /// <summary>Puts an optimizer's state into a network, by torch.optim's names (<c>0.weight.exp_avg</c>).</summary>
    /// <param name="names">What the optimizer keeps.</param>
    /// <returns>Steps that it has taken.</returns>
    /// <exception cref="DataFileException">The file cannot be read, or does not fit: then nothing is changed.</exception>
    public static long LoadOptimizer(Network network, string path, IReadOnlyList<string> names)
    {
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

    private static WarmStartRest Load(Network network, string path, bool strict, bool mustBeFinite)
    {
        using var file = SafetensorsReader.Open(path);
        var counters = network.Layout.StateDict.Where(entry => entry.Slot is null && file.Entries.ContainsKey(entry.Name)).Select(entry => entry.Name);
        var counts = counters.ToDictionary(name => name, file.ReadCount, StringComparer.Ordinal);
        var values = new List<(ParameterSlot Slot, float[] Values)>();
        foreach (var slot in Fit(network.Layout, path, file, strict))
        {
            values.Add((slot, file.Read(slot.Name)));
            if (mustBeFinite)
            {
                CheckFinite(path, file.Entries[slot.Name], values[^1].Values);
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

        return RestOf(network.Layout, file);
    }

    /// <summary>The slots that the file has tensors for.</summary>
    private static List<ParameterSlot> Fit(ParameterLayout layout, string path, SafetensorsReader file, bool strict)
    {
        var slots = layout.StateDict.Where(entry => entry.Slot is not null)
            .ToDictionary(entry => entry.Name, entry => entry.Slot!, StringComparer.Ordinal);
        if (strict)
        {
            var rest = RestOf(layout, file);
            Refuse(path, "has no", rest.Missing, "which the model has (strict)");
            Refuse(path, "has", rest.LeftOut, "which the model has not (strict)");
        }

        var shared = slots.Values.Where(slot => file.Entries.ContainsKey(slot.Name)).ToList();
        foreach (var slot in shared)
        {
            var entry = file.Entries[slot.Name];
            _ = file.TypeOf(entry);
            if (entry.Shape != slot.Shape)
            {
                throw new DataFileException(path, $"tensor '{slot.Name}' has shape {entry.Shape}; the model's is {slot.Shape}");
            }
        }

        return shared.Count > 0
            ? shared
            : throw new DataFileException(path, $"has none of the model's tensors {string.Join(", ", slots.Keys.Take(Named))}");
    }

    private static WarmStartRest RestOf(ParameterLayout layout, SafetensorsReader file)
    {
        var known = layout.StateDict.ToDictionary(entry => entry.Name, StringComparer.Ordinal);
        return new WarmStartRest(
            [.. file.Entries.Keys.Where(name => !known.ContainsKey(name)).Order(StringComparer.Ordinal)],
            [.. known.Values.Where(entry => entry.Slot is not null && !file.Entries.ContainsKey(entry.Name)).Select(entry => entry.Name).Order(StringComparer.Ordinal)]);
    }

    private static void CheckFinite(string path, SafetensorsEntry entry, ReadOnlySpan<float> values)
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
}
