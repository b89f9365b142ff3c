using Trainer.Kernels.Data;
using Trainer.Kernels.Formats;

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
        var slots = network.Layout.StateDict.Where(entry => entry.Slot is not null)
            .ToDictionary(entry => entry.Name, entry => entry.Slot!, StringComparer.Ordinal);
        if (strict)
        {
            Refuse(path, "has no", slots.Keys.Where(name => !tensors.ContainsKey(name)), "which the model has");
            var known = network.Layout.StateDict.Select(entry => entry.Name).ToHashSet(StringComparer.Ordinal);
            Refuse(path, "has", tensors.Keys.Where(name => !known.Contains(name)), "which the model has not");
        }

        var shared = slots.Where(slot => tensors.ContainsKey(slot.Key)).ToList();
        foreach (var (name, slot) in shared)
        {
            if (tensors[name].Shape != slot.Shape)
            {
                throw new DataFileException(path, $"tensor '{name}' has shape {tensors[name].Shape}; the model's is {slot.Shape}");
            }
        }

        if (shared.Count == 0)
        {
            throw new DataFileException(path, $"has none of the model's tensors {string.Join(", ", slots.Keys.Take(Named))}");
        }

        foreach (var (name, slot) in shared)
        {
            tensors[name].Values.CopyTo(network.Weights.Slice(slot.Offset, slot.Elements));
        }
    }

    private static void Refuse(string path, string verb, IEnumerable<string> names, string reason)
    {
        var all = names.Order(StringComparer.Ordinal).ToList();
        if (all.Count > 0)
        {
            var more = all.Count > Named ? $" and {all.Count - Named} more" : "";
            throw new DataFileException(path, $"{verb} {string.Join(", ", all.Take(Named))}{more}, {reason} (strict)");
        }
    }
}
