using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;

namespace Trainer.Cli.Tests.Architecture;

/// <summary>One room uses another.</summary>
/// <param name="By">A type of <paramref name="From"/> that does.</param>
internal readonly record struct RoomArrow(string From, string To, string By)
{
    public override string ToString() => $"{From} -> {To} ({By})";
}

/// <summary>Which rooms (namespaces) of an assembly use which, as its metadata and its code say: signatures, attributes, and every instruction that names a type or member.</summary>
/// <remarks>What the compiler leaves nothing of cannot be seen: constants and names of types as text.</remarks>
internal sealed class CompiledRooms
{
    private readonly PEReader _file;
    private readonly MetadataReader _metadata;
    private readonly TypesOfSignature _signatures;
    private readonly HashSet<TypeDefinitionHandle> _used = [];

    private CompiledRooms(PEReader file)
    {
        (_file, _metadata) = (file, file.GetMetadataReader());
        _signatures = new TypesOfSignature(_used);
    }

    public static IReadOnlyList<RoomArrow> ArrowsOf(string assembly)
    {
        using var file = new PEReader(File.OpenRead(assembly));
        return new CompiledRooms(file).Arrows();
    }

    /// <summary>Tarjan's strongly connected components of more than one room.</summary>
    public static IReadOnlyList<IReadOnlyList<string>> CirclesIn(IEnumerable<RoomArrow> arrows)
    {
        var next = arrows.ToLookup(arrow => arrow.From, arrow => arrow.To, StringComparer.Ordinal);
        var (index, low) = (new Dictionary<string, int>(StringComparer.Ordinal), new Dictionary<string, int>(StringComparer.Ordinal));
        var (stack, circles) = (new Stack<string>(), new List<IReadOnlyList<string>>());
        foreach (var room in next.Select(group => group.Key).Where(room => !index.ContainsKey(room)))
        {
            Visit(room);
        }

        return circles;

        void Visit(string room)
        {
            index[room] = low[room] = index.Count;
            stack.Push(room);
            foreach (var other in next[room])
            {
                if (!index.ContainsKey(other))
                {
                    Visit(other);
                    low[room] = Math.Min(low[room], low[other]);
                }
                else if (stack.Contains(other))
                {
                    low[room] = Math.Min(low[room], index[other]);
                }
            }

            if (low[room] == index[room])
            {
                var circle = new List<string>();
                do
                {
                    circle.Add(stack.Pop());
                }
                while (circle[^1] != room);
                if (circle.Count > 1)
                {
                    circles.Add([.. circle.Order(StringComparer.Ordinal)]);
                }
            }
        }
    }

    private List<RoomArrow> Arrows()
    {
        var arrows = new HashSet<RoomArrow>();
        foreach (var handle in _metadata.TypeDefinitions)
        {
            _used.Clear();
            var type = _metadata.GetTypeDefinition(handle);
            AddTypesOf(type);
            var (from, by) = RoomOf(handle);
            arrows.UnionWith(_used.Select(RoomOf).Where(used => used.Room != from && used.Room.Length > 0 && from.Length > 0)
                .Select(used => new RoomArrow(from, used.Room, by)));
        }

        return [.. arrows];
    }

    private (string Room, string Type) RoomOf(TypeDefinitionHandle handle)
    {
        var type = _metadata.GetTypeDefinition(handle);
        while (type.IsNested)
        {
            type = _metadata.GetTypeDefinition(type.GetDeclaringType());
        }

        return (_metadata.GetString(type.Namespace), _metadata.GetString(type.Name));
    }

    private void AddTypesOf(TypeDefinition type)
    {
        Add(type.BaseType);
        AddAttributes(type.GetCustomAttributes());
        AddConstraints(type.GetGenericParameters());
        foreach (var handle in type.GetInterfaceImplementations())
        {
            Add(_metadata.GetInterfaceImplementation(handle).Interface);
        }

        foreach (var handle in type.GetFields())
        {
            Add(handle);
            AddAttributes(_metadata.GetFieldDefinition(handle).GetCustomAttributes());
        }

        foreach (var handle in type.GetProperties())
        {
            AddAttributes(_metadata.GetPropertyDefinition(handle).GetCustomAttributes());
        }

        foreach (var handle in type.GetMethods())
        {
            var method = _metadata.GetMethodDefinition(handle);
            method.DecodeSignature(_signatures, null);
            AddAttributes(method.GetCustomAttributes());
            AddConstraints(method.GetGenericParameters());
            if (method.RelativeVirtualAddress != 0)
            {
                AddBody(_file.GetMethodBody(method.RelativeVirtualAddress));
            }
        }
    }

    private void AddAttributes(CustomAttributeHandleCollection attributes)
    {
        foreach (var attribute in attributes)
        {
            Add(_metadata.GetCustomAttribute(attribute).Constructor);
        }
    }

    private void AddConstraints(GenericParameterHandleCollection parameters)
    {
        foreach (var constraint in parameters.SelectMany(parameter => _metadata.GetGenericParameter(parameter).GetConstraints()))
        {
            Add(_metadata.GetGenericParameterConstraint(constraint).Type);
        }
    }

    private void AddBody(MethodBodyBlock body)
    {
        if (!body.LocalSignature.IsNil)
        {
            _metadata.GetStandaloneSignature(body.LocalSignature).DecodeLocalSignature(_signatures, null);
        }

        foreach (var region in body.ExceptionRegions.Where(region => region.Kind == ExceptionRegionKind.Catch))
        {
            Add(region.CatchType);
        }

        foreach (var token in Instructions.TokensIn(body.GetILReader()))
        {
            Add(MetadataTokens.EntityHandle(token));
        }
    }

    /// <summary>What a token names, and whose it is.</summary>
    private void Add(EntityHandle handle)
    {
        if (handle.IsNil)
        {
            return;
        }

        switch (handle.Kind)
        {
            case HandleKind.TypeDefinition:
                _used.Add((TypeDefinitionHandle)handle);
                break;
            case HandleKind.TypeSpecification:
                _metadata.GetTypeSpecification((TypeSpecificationHandle)handle).DecodeSignature(_signatures, null);
                break;
            case HandleKind.MethodDefinition:
                _used.Add(_metadata.GetMethodDefinition((MethodDefinitionHandle)handle).GetDeclaringType());
                break;
            case HandleKind.FieldDefinition:
                var field = _metadata.GetFieldDefinition((FieldDefinitionHandle)handle);
                _used.Add(field.GetDeclaringType());
                field.DecodeSignature(_signatures, null);
                break;
            case HandleKind.MemberReference:
                var member = _metadata.GetMemberReference((MemberReferenceHandle)handle);
                Add(member.Parent);
                if (member.GetKind() == MemberReferenceKind.Method)
                {
                    member.DecodeMethodSignature(_signatures, null);
                }
                else
                {
                    member.DecodeFieldSignature(_signatures, null);
                }

                break;
            case HandleKind.MethodSpecification:
                var method = _metadata.GetMethodSpecification((MethodSpecificationHandle)handle);
                method.DecodeSignature(_signatures, null);
                Add(method.Method);
                break;
            default:
                break; // another assembly's type, a string, or a signature of a function pointer
        }
    }
}
