using Trainer.Kernels.Data;
using Trainer.Kernels.Formats;
using Trainer.Kernels.Models;

namespace Trainer.Kernels.Training;

/// <summary>Puts the tensors of a safetensors file into a network, by torch.nn's names, as torch's load_state_dict does.</summary>
public static class WarmStart
{
    private const int Named = 4;

    /// <param name="network">Initialised; what the file does not have keeps its value.</param>
    /// <param name="path">Of the file.</param>
    /// <param name="strict">The file must have every tensor of the model and no other. Counts of batches may be missing all the same.</param>
    /// <exception cref="DataFileException">The file cannot be read, or does not fit: then nothing is changed.</exception>
    public static void Load(Network network, string path, bool strict = true)
    {
        var tensors = Safetensors.Read(path);
        foreach (var slot in Fit(network.Layout, path, tensors.ToDictionary(tensor => tensor.Key, tensor => tensor.Value.Shape), strict))
        {
            tensors[slot.Name].Values.CopyTo(network.EditWeights().Slice(slot.Offset, slot.Elements));
        }
    }

    /// <summary>Puts an optimizer's state into a network, by torch.optim's names (<c>0.weight.exp_avg</c>).</summary>
    /// <param name="names">What the optimizer keeps.</param>
    /// <returns>Steps that it has taken.</returns>
    /// <exception cref="DataFileException">The file cannot be read, or does not fit: then nothing is changed.</exception>
    public static long LoadOptimizer(Network network, string path, IReadOnlyList<string> names)
    {
        var tensors = Safetensors.Read(path);
        var parameters = network.Layout.Slots.Where(slot => slot.Kind == SlotKind.Parameter).ToList();
        Refuse(path, "has no", parameters.SelectMany(slot => names.Select(name => $"{slot.Name}.{name}")).Append("step").Where(name => !tensors.ContainsKey(name)), "which the optimizer keeps");
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

    /// <summary>Whether <see cref="Load"/> would succeed, from the file's header alone.</summary>
    /// <exception cref="DataFileException">It would not.</exception>
    public static void Check(ParameterLayout layout, string path, bool strict = true) => Fit(layout, path, SafetensorsReader.ReadShapes(path), strict);

    /// <summary>The slots that the file has tensors for.</summary>
    private static List<ParameterSlot> Fit(ParameterLayout layout, string path, IReadOnlyDictionary<string, Shape> tensors, bool strict)
    {
        var slots = layout.StateDict.Where(entry => entry.Slot is not null)
            .ToDictionary(entry => entry.Name, entry => entry.Slot!, StringComparer.Ordinal);
        if (strict)
        {
            Refuse(path, "has no", slots.Keys.Where(name => !tensors.ContainsKey(name)), "which the model has (strict)");
            var known = layout.StateDict.Select(entry => entry.Name).ToHashSet(StringComparer.Ordinal);
            Refuse(path, "has", tensors.Keys.Where(name => !known.Contains(name)), "which the model has not (strict)");
        }

        var shared = slots.Values.Where(slot => tensors.ContainsKey(slot.Name)).ToList();
        foreach (var slot in shared)
        {
            if (tensors[slot.Name] != slot.Shape)
            {
                throw new DataFileException(path, $"tensor '{slot.Name}' has shape {tensors[slot.Name]}; the model's is {slot.Shape}");
            }
        }

        return shared.Count > 0
            ? shared
            : throw new DataFileException(path, $"has none of the model's tensors {string.Join(", ", slots.Keys.Take(Named))}");
    }

    private static void Refuse(string path, string verb, IEnumerable<string> names, string reason)
    {
        var all = names.Order(StringComparer.Ordinal).ToList();
        if (all.Count > 0)
        {
            var more = all.Count > Named ? $" and {all.Count - Named} more" : "";
            throw new DataFileException(path, $"{verb} {string.Join(", ", all.Take(Named))}{more}, {reason}");
        }
    }
}
