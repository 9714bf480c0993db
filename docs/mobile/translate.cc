// Translation of token ids by a .tflite of fixed shape (`zoo export RUN --to tflite --shape 1,32`), in LiteRT's C API.
//
//   g++ -std=c++17 translate.cc -o translate LIBDIR/libLiteRt.so -Wl,-rpath,LIBDIR
//   ./translate model.tflite 141 73 43 2          prints the ids of the answer on one line, its score on the next
//
// The ids come from the SentencePiece model `source.model` in the .tflite (unzip extracts it), followed by 2, the end.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#if __has_include("litert/c/litert_compiled_model.h")
#include "litert/c/litert_compiled_model.h"
#include "litert/c/litert_environment.h"
#include "litert/c/litert_model.h"
#include "litert/c/litert_options.h"
#include "litert/c/litert_tensor_buffer.h"
using TensorType = LiteRtRankedTensorType;
#else  // the Python wheel ai-edge-litert has the library without headers: the declarations used here
typedef void *LiteRtEnvironment, *LiteRtModel, *LiteRtOptions, *LiteRtCompiledModel, *LiteRtSignature, *LiteRtTensor;
typedef void *LiteRtTensorBuffer, *LiteRtTensorBufferRequirements;
struct TensorType { uint64_t opaque[32]; };
extern "C" {
int LiteRtCreateEnvironment(int, const void*, LiteRtEnvironment*);
int LiteRtCreateModelFromFile(LiteRtEnvironment, const char*, LiteRtModel*);
int LiteRtCreateOptions(LiteRtOptions*);
int LiteRtSetOptionsHardwareAccelerators(LiteRtOptions, int);
int LiteRtCreateCompiledModel(LiteRtEnvironment, LiteRtModel, LiteRtOptions, LiteRtCompiledModel*);
int LiteRtGetNumModelSignatures(LiteRtModel, size_t*);
int LiteRtGetModelSignature(LiteRtModel, size_t, LiteRtSignature*);
int LiteRtGetSignatureKey(LiteRtSignature, const char**);
int LiteRtGetNumSignatureOutputs(LiteRtSignature, size_t*);
int LiteRtGetSignatureOutputName(LiteRtSignature, size_t, const char**);
int LiteRtGetSignatureInputTensorByIndex(LiteRtSignature, size_t, LiteRtTensor*);
int LiteRtGetSignatureOutputTensorByIndex(LiteRtSignature, size_t, LiteRtTensor*);
int LiteRtGetRankedTensorType(LiteRtTensor, TensorType*);
int LiteRtGetCompiledModelInputBufferRequirements(LiteRtCompiledModel, size_t, size_t, LiteRtTensorBufferRequirements*);
int LiteRtGetCompiledModelOutputBufferRequirements(LiteRtCompiledModel, size_t, size_t,
                                                   LiteRtTensorBufferRequirements*);
int LiteRtCreateManagedTensorBufferFromRequirements(LiteRtEnvironment, const TensorType*,
                                                    LiteRtTensorBufferRequirements, LiteRtTensorBuffer*);
int LiteRtGetTensorBufferPackedSize(LiteRtTensorBuffer, size_t*);
int LiteRtLockTensorBuffer(LiteRtTensorBuffer, void**, int);
int LiteRtUnlockTensorBuffer(LiteRtTensorBuffer);
int LiteRtRunCompiledModel(LiteRtCompiledModel, size_t, size_t, LiteRtTensorBuffer*, size_t, LiteRtTensorBuffer*);
void LiteRtDestroyTensorBuffer(LiteRtTensorBuffer);
void LiteRtDestroyCompiledModel(LiteRtCompiledModel);
void LiteRtDestroyOptions(LiteRtOptions);
void LiteRtDestroyModel(LiteRtModel);
void LiteRtDestroyEnvironment(LiteRtEnvironment);
}
constexpr int kLiteRtHwAcceleratorCpu = 1, kLiteRtTensorBufferLockModeRead = 0, kLiteRtTensorBufferLockModeWrite = 1;
#endif

static void check(int status, const char* what) {
  if (status != 0) throw std::runtime_error(std::string(what) + " failed with status " + std::to_string(status));
}
#define CHECK(call) check(static_cast<int>(call), #call)

static LiteRtTensorBuffer make_buffer(LiteRtEnvironment environment, LiteRtTensor tensor,
                                      LiteRtTensorBufferRequirements requirements) {
  TensorType type;
  LiteRtTensorBuffer buffer;
  CHECK(LiteRtGetRankedTensorType(tensor, &type));
  CHECK(LiteRtCreateManagedTensorBufferFromRequirements(environment, &type, requirements, &buffer));
  return buffer;
}

static std::vector<char> read(LiteRtTensorBuffer buffer) {
  size_t size;
  void* memory;
  CHECK(LiteRtGetTensorBufferPackedSize(buffer, &size));
  CHECK(LiteRtLockTensorBuffer(buffer, &memory, kLiteRtTensorBufferLockModeRead));
  std::vector<char> bytes(static_cast<char*>(memory), static_cast<char*>(memory) + size);
  CHECK(LiteRtUnlockTensorBuffer(buffer));
  return bytes;
}

static size_t find_signature(LiteRtModel model, const std::string& wanted, LiteRtSignature* signature) {
  size_t count;
  CHECK(LiteRtGetNumModelSignatures(model, &count));
  for (size_t i = 0; i < count; ++i) {
    const char* name;
    CHECK(LiteRtGetModelSignature(model, i, signature));
    CHECK(LiteRtGetSignatureKey(*signature, &name));
    if (wanted == name) return i;
  }
  throw std::runtime_error("there is no signature " + wanted);
}

static void translate(const char* path, const std::vector<int32_t>& ids) {
  LiteRtEnvironment environment;
  LiteRtModel model;
  LiteRtOptions options;
  LiteRtCompiledModel compiled;
  CHECK(LiteRtCreateEnvironment(0, nullptr, &environment));
  CHECK(LiteRtCreateModelFromFile(environment, path, &model));
  CHECK(LiteRtCreateOptions(&options));
  CHECK(LiteRtSetOptionsHardwareAccelerators(options, kLiteRtHwAcceleratorCpu));
  CHECK(LiteRtCreateCompiledModel(environment, model, options, &compiled));

  LiteRtSignature signature;
  const size_t greedy = find_signature(model, "greedy", &signature);
  LiteRtTensor tensor;
  LiteRtTensorBufferRequirements needs;
  CHECK(LiteRtGetSignatureInputTensorByIndex(signature, 0, &tensor));
  CHECK(LiteRtGetCompiledModelInputBufferRequirements(compiled, greedy, 0, &needs));
  LiteRtTensorBuffer input = make_buffer(environment, tensor, needs);
  size_t size;
  void* memory;
  CHECK(LiteRtGetTensorBufferPackedSize(input, &size));
  if (ids.size() * sizeof(int32_t) > size) throw std::runtime_error("too many ids for the shape of this model");
  CHECK(LiteRtLockTensorBuffer(input, &memory, kLiteRtTensorBufferLockModeWrite));
  std::memset(memory, 0, size);  // 0 is padding
  std::memcpy(memory, ids.data(), ids.size() * sizeof(int32_t));
  CHECK(LiteRtUnlockTensorBuffer(input));

  size_t count;
  CHECK(LiteRtGetNumSignatureOutputs(signature, &count));
  std::vector<LiteRtTensorBuffer> outputs;
  std::map<std::string, size_t> place;
  for (size_t i = 0; i < count; ++i) {
    const char* name;
    CHECK(LiteRtGetSignatureOutputName(signature, i, &name));
    CHECK(LiteRtGetSignatureOutputTensorByIndex(signature, i, &tensor));
    CHECK(LiteRtGetCompiledModelOutputBufferRequirements(compiled, greedy, i, &needs));
    outputs.push_back(make_buffer(environment, tensor, needs));
    place[name] = i;
  }
  CHECK(LiteRtRunCompiledModel(compiled, greedy, 1, &input, count, outputs.data()));

  const std::vector<char> answer = read(outputs[place.at("ids")]), score = read(outputs[place.at("score")]);
  for (size_t i = 0; i + sizeof(int32_t) <= answer.size(); i += sizeof(int32_t)) {
    int32_t id;
    std::memcpy(&id, &answer[i], sizeof id);
    if (id != 0) std::printf("%d ", id);
  }
  float value;
  std::memcpy(&value, score.data(), sizeof value);
  std::printf("\n%.6f\n", value);

  for (LiteRtTensorBuffer one : outputs) LiteRtDestroyTensorBuffer(one);
  LiteRtDestroyTensorBuffer(input);
  LiteRtDestroyCompiledModel(compiled);
  LiteRtDestroyOptions(options);
  LiteRtDestroyModel(model);
  LiteRtDestroyEnvironment(environment);
}

int main(int count, char** words) {
  if (count < 3) {
    std::fprintf(stderr, "usage: translate model.tflite ID ...\n");
    return 2;
  }
  std::vector<int32_t> ids;
  for (int i = 2; i < count; ++i) ids.push_back(static_cast<int32_t>(std::strtol(words[i], nullptr, 10)));
  try {
    translate(words[1], ids);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "translate: %s\n", error.what());
    return 1;
  }
  return 0;
}
