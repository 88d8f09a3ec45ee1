package partial

import (
	"bytes"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
	"pgregory.net/rapid"
)

var (
	messageLine = regexp.MustCompile(`^message (\w+) \{`)
	fieldLine   = regexp.MustCompile(`^  (optional |repeated )?(\w+) (\w+) = (\d+);`)
)

// compile reads as much of the language as partial.proto uses, so that the file is held to be true without a compiler.
func compile(t *testing.T) protoreflect.FileDescriptor {
	text, err := os.ReadFile("partial.proto")
	if err != nil {
		t.Fatal(err)
	}
	file := &descriptorpb.FileDescriptorProto{
		Name: proto.String("partial.proto"), Package: proto.String("meanstream.partial.v1"), Syntax: proto.String("proto3"),
	}
	var message *descriptorpb.DescriptorProto
	for line := range strings.Lines(string(text)) {
		if m := messageLine.FindStringSubmatch(line); m != nil {
			message = &descriptorpb.DescriptorProto{Name: &m[1]}
			file.MessageType = append(file.MessageType, message)
		} else if m := fieldLine.FindStringSubmatch(line); m != nil {
			message.Field = append(message.Field, compileField(t, message, m))
		} else if strings.HasPrefix(line, "  ") {
			t.Fatalf("partial.proto has a line that this test cannot read: %s", line)
		}
	}
	compiled, err := protodesc.NewFile(file, nil)
	if err != nil {
		t.Fatal(err)
	}
	return compiled
}

func compileField(t *testing.T, message *descriptorpb.DescriptorProto, m []string) *descriptorpb.FieldDescriptorProto {
	number, err := strconv.ParseInt(m[4], 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	f := &descriptorpb.FieldDescriptorProto{
		Name: &m[3], JsonName: &m[3], Number: proto.Int32(int32(number)), Label: descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL.Enum(),
	}
	if scalar, ok := descriptorpb.FieldDescriptorProto_Type_value["TYPE_"+strings.ToUpper(m[2])]; ok {
		f.Type = descriptorpb.FieldDescriptorProto_Type(scalar).Enum()
	} else {
		f.Type = descriptorpb.FieldDescriptorProto_TYPE_MESSAGE.Enum()
		f.TypeName = proto.String(".meanstream.partial.v1." + m[2])
	}
	switch m[1] {
	case "repeated ":
		f.Label = descriptorpb.FieldDescriptorProto_LABEL_REPEATED.Enum()
	case "optional ":
		// Presence is spelt as a oneof of a single field.
		f.Proto3Optional = proto.Bool(true)
		f.OneofIndex = proto.Int32(int32(len(message.OneofDecl)))
		message.OneofDecl = append(message.OneofDecl, &descriptorpb.OneofDescriptorProto{Name: proto.String("_" + m[3])})
	}
	return f
}

// at follows names and list indexes into a message.
func at(v protoreflect.Value, path ...any) protoreflect.Value {
	for _, step := range path {
		switch step := step.(type) {
		case string:
			m := v.Message()
			v = m.Get(m.Descriptor().Fields().ByName(protoreflect.Name(step)))
		case int:
			v = v.List().Get(step)
		}
	}
	return v
}

func TestPartialProtoTellsTheTruth(t *testing.T) {
	descriptor := compile(t).Messages().ByName("Partial")

	t.Run("the library writes the same bytes again", func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			messages, err := genPartial(t).Encode(1 << 30)
			if err != nil {
				t.Fatal(err)
			}
			m := dynamicpb.NewMessage(descriptor)
			// Fields that the file does not know are thrown away here and then missed below.
			if err := (proto.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(messages[0], m); err != nil {
				t.Fatal(err)
			}
			again, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(again, messages[0]) {
				t.Fatalf("the library writes\n%x, we write\n%x", again, messages[0])
			}
		})
	})

	t.Run("the library reads the values meant", func(t *testing.T) {
		messages, err := sample().Encode(1 << 20)
		if err != nil {
			t.Fatal(err)
		}
		m := dynamicpb.NewMessage(descriptor)
		if err := proto.Unmarshal(messages[0], m); err != nil {
			t.Fatal(err)
		}
		p := sample()
		for _, c := range []struct {
			want any
			path []any
		}{
			{uint32(1), []any{"version"}},
			{p.Writer, []any{"writer"}},
			{int32(3), []any{"epoch"}},
			{p.Rule, []any{"rule"}},
			{p.Lateness, []any{"lateness"}},
			{int32(1), []any{"chunks"}},
			{int64(117), []any{"sources", 1, "to"}},
			{true, []any{"sources", 1, "ended"}},
			{int64(-5), []any{"sources", 2, "watermark"}},
			{int64(-10e9), []any{"entries", 0, "start"}},
			{int64(10e9), []any{"entries", 0, "length"}},
			{1e308, []any{"entries", 0, "max"}},
			{"Ä\x00", []any{"entries", 3, "category"}},
			{int64(1), []any{"entries", 3, "filtered"}},
			{uint32(chunks(&p.Entries[2].Sum)[0][0]), []any{"entries", 2, "sum", "index", 0}},
			{chunks(&p.Entries[2].Squares)[1][1], []any{"entries", 2, "squares", "chunk", 1}},
		} {
			if got := at(protoreflect.ValueOfMessage(m), c.path...).Interface(); got != c.want {
				t.Errorf("%v = %v (%T), want %v (%T)", c.path, got, got, c.want, c.want)
			}
		}
		if m.Get(descriptor.Fields().ByName("sources")).List().Get(0).Message().Has(
			descriptor.Fields().ByName("sources").Message().Fields().ByName("watermark")) {
			t.Error("a source without a watermark has one on the wire")
		}
	})
}
