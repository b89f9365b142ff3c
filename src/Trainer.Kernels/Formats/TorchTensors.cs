namespace Trainer.Kernels.Formats;

/// <summary>Elements that tensors lie in.</summary>
/// <param name="Key">By which the file has them.</param>
/// <param name="Dtype">As safetensors calls it; empty: bytes, of which each tensor says what they are.</param>
internal sealed record TorchStorage(string Key, string Dtype, long Elements);

/// <summary>A tensor as a pickle of torch.save has it: a view of a storage, in elements.</summary>
internal sealed record TorchTensor(TorchStorage Storage, string Dtype, long Offset, long[] Sizes, long[] Strides);

/// <summary>The few calls of pickles that make tensors; every other name is refused, by its name.</summary>
internal static class TorchTensors
{
    private const int MostDimensions = 16;

    private static readonly Dictionary<string, string> Storages = new(StringComparer.Ordinal)
    {
        ["torch.FloatStorage"] = "F32",
        ["torch.DoubleStorage"] = "F64",
        ["torch.HalfStorage"] = "F16",
        ["torch.BFloat16Storage"] = "BF16",
        ["torch.LongStorage"] = "I64",
        ["torch.IntStorage"] = "I32",
        ["torch.ShortStorage"] = "I16",
        ["torch.CharStorage"] = "I8",
        ["torch.ByteStorage"] = "U8",
        ["torch.BoolStorage"] = "BOOL",
        ["torch.storage.UntypedStorage"] = "",
    };

    private static readonly Dictionary<string, string> Dtypes = new(StringComparer.Ordinal)
    {
        ["torch.float32"] = "F32",
        ["torch.float64"] = "F64",
        ["torch.float16"] = "F16",
        ["torch.bfloat16"] = "BF16",
        ["torch.int64"] = "I64",
        ["torch.int32"] = "I32",
        ["torch.int16"] = "I16",
        ["torch.int8"] = "I8",
        ["torch.uint8"] = "U8",
        ["torch.bool"] = "BOOL",
    };

    /// <exception cref="PickleException">A name that makes no tensor, or arguments that make none.</exception>
    public static object? Call(PickledName name, object?[] arguments) => (name.ToString(), arguments) switch
    {
        ("collections.OrderedDict" or "builtins.dict" or "__builtin__.dict", []) => new PickledDict(),
        ("collections.OrderedDict", [List<object?> pairs]) => DictOf(pairs),
        ("torch._utils._rebuild_tensor_v2" or "torch._utils._rebuild_tensor", [TorchStorage storage, long offset, object?[] sizes, object?[] strides, ..]) =>
            TensorOf(storage, storage.Dtype, offset, sizes, strides),
        ("torch._utils._rebuild_tensor_v3", [TorchStorage storage, long offset, object?[] sizes, object?[] strides, _, _, PickledName dtype, ..]) =>
            TensorOf(storage, Dtypes.GetValueOrDefault(dtype.ToString(), dtype.ToString()), offset, sizes, strides),
        ("torch._utils._rebuild_parameter" or "torch._utils._rebuild_parameter_with_state", [TorchTensor tensor, ..]) => tensor,
        ("torch.Size", [object?[] sizes]) => sizes,
        ("collections.OrderedDict" or "torch._utils._rebuild_tensor_v2" or "torch._utils._rebuild_tensor" or "torch._utils._rebuild_tensor_v3" or "torch._utils._rebuild_parameter" or "torch.Size", _) =>
            throw new PickleException($"{name} is called with arguments that it does not take"),
        _ => throw new PickleException($"wants {name}, which makes no tensor and is not looked for; save the state_dict alone (torch.save(model.state_dict(), ...))"),
    };

    /// <summary>('storage', torch.FloatStorage, '0', 'cpu', 20), and in legacy files a view behind it.</summary>
    /// <exception cref="PickleException">It is no storage.</exception>
    public static object? Persistent(object? id) => id switch
    {
        object?[] and ["storage", PickledName type, string key, string, long elements] => StorageOf(type, key, elements),
        object?[] and ["storage", PickledName type, string key, string, long elements, null] => StorageOf(type, key, elements),
        _ => throw new PickleException("refers to what is not a storage"),
    };

    private static TorchStorage StorageOf(PickledName type, string key, long elements) => Storages.TryGetValue(type.ToString(), out var dtype) && elements >= 0
        ? new TorchStorage(key, dtype, elements)
        : throw new PickleException($"has a storage of {elements} elements of {type}, which is not known");

    private static TorchTensor TensorOf(TorchStorage storage, string dtype, long offset, object?[] sizes, object?[] strides)
    {
        var (sized, strided) = (sizes.OfType<long>().ToArray(), strides.OfType<long>().ToArray());
        var isWhole = sized.Length == sizes.Length && strided.Length == sizes.Length && strides.Length == sizes.Length && sizes.Length <= MostDimensions;
        return isWhole && offset >= 0 && sized.All(size => size is >= 0 and <= int.MaxValue) && strided.All(stride => stride is >= 0 and <= int.MaxValue)
            ? new TorchTensor(storage, dtype, offset, sized, strided)
            : throw new PickleException($"has a tensor of sizes ({string.Join(",", sizes)}) and strides ({string.Join(",", strides)}) at {offset}, which there cannot be");
    }

    private static PickledDict DictOf(List<object?> pairs)
    {
        var dict = new PickledDict();
        foreach (var pair in pairs)
        {
            dict.Items.Add(pair switch
            {
                List<object?> and [var key, var value] => new(key, value),
                object?[] and [var key, var value] => new(key, value),
                _ => throw new PickleException("has an OrderedDict of what are not pairs"),
            });
        }

        return dict;
    }
}
