/* Runs requests on a SavedModel with TensorFlow's C interface alone, from several threads at once.
 *
 *     loader SAVED_MODEL REQUESTS ANSWERS THREADS [OPERATION_LIBRARY ...]
 *
 * REQUESTS: int32 count; each request is a list of inputs and a list of outputs, both with an int32 count before.
 *   An input: name, int32 index, tensor. An output: name, int32 index. A name: int32 length, bytes.
 * A tensor: int32 dtype, int32 rank, int64 sizes, then the numbers, or for strings int32 length and bytes each.
 * ANSWERS: for each request, in order, the tensor of each output.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tensorflow/c/c_api.h"

#define MOST_TENSORS 32
#define MOST_AXES 8
#define LONGEST_NAME 256

typedef struct {
  int inputs, outputs;
  TF_Output input[MOST_TENSORS], output[MOST_TENSORS];
  TF_Tensor *value[MOST_TENSORS], *answer[MOST_TENSORS];
} Request;

static TF_Graph *graph;
static TF_Session *session;
static Request *requests;
static int request_count, next_request;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void fail(const char *what, const char *why) {
  fprintf(stderr, "loader: %s: %s\n", what, why);
  exit(1);
}

static void check(TF_Status *status, const char *what) {
  if (TF_GetCode(status) != TF_OK) fail(what, TF_Message(status));
}

static void get(FILE *file, void *to, size_t size) {
  if (size && fread(to, size, 1, file) != 1) fail("requests", "the file ends early");
}

static int get_int(FILE *file, int most) {
  int value;
  get(file, &value, sizeof value);
  if (value < 0 || value > most) fail("requests", "a number is out of range");
  return value;
}

static void put(FILE *file, const void *from, size_t size) {
  if (size && fwrite(from, size, 1, file) != 1) fail("answers", "cannot be written");
}

static TF_Output get_output(FILE *file) {
  char name[LONGEST_NAME] = {0};
  get(file, name, get_int(file, LONGEST_NAME - 1));
  TF_Output output = {TF_GraphOperationByName(graph, name), 0};
  if (!output.oper) fail(name, "is not in the graph");
  output.index = get_int(file, MOST_TENSORS);
  return output;
}

static TF_Tensor *get_tensor(FILE *file) {
  TF_DataType dtype = (TF_DataType)get_int(file, 64);
  int rank = get_int(file, MOST_AXES);
  int64_t sizes[MOST_AXES], count = 1;
  get(file, sizes, rank * sizeof *sizes);
  for (int i = 0; i < rank; i++) count *= sizes[i];
  size_t one = dtype == TF_STRING ? sizeof(TF_TString) : TF_DataTypeSize(dtype);
  TF_Tensor *tensor = TF_AllocateTensor(dtype, sizes, rank, count * one);
  if (dtype != TF_STRING) {
    get(file, TF_TensorData(tensor), count * one);
    return tensor;
  }
  TF_TString *texts = TF_TensorData(tensor);
  for (int64_t i = 0; i < count; i++) {
    int length = get_int(file, 1 << 24);
    char *text = malloc(length + 1);
    get(file, text, length);
    TF_StringInit(&texts[i]);
    TF_StringCopy(&texts[i], text, length);
    free(text);
  }
  return tensor;
}

static void put_tensor(FILE *file, TF_Tensor *tensor) {
  int dtype = TF_TensorType(tensor), rank = TF_NumDims(tensor);
  put(file, &dtype, sizeof dtype);
  put(file, &rank, sizeof rank);
  for (int i = 0; i < rank; i++) {
    int64_t size = TF_Dim(tensor, i);
    put(file, &size, sizeof size);
  }
  if (dtype != TF_STRING) {
    put(file, TF_TensorData(tensor), TF_TensorByteSize(tensor));
    return;
  }
  const TF_TString *texts = TF_TensorData(tensor);
  for (int64_t i = 0; i < TF_TensorElementCount(tensor); i++) {
    int length = (int)TF_StringGetSize(&texts[i]);
    put(file, &length, sizeof length);
    put(file, TF_StringGetDataPointer(&texts[i]), length);
  }
}

static void read_requests(const char *path) {
  FILE *file = fopen(path, "rb");
  if (!file) fail(path, "cannot be read");
  request_count = get_int(file, 1 << 20);
  requests = calloc(request_count, sizeof *requests);
  for (int i = 0; i < request_count; i++) {
    Request *one = &requests[i];
    one->inputs = get_int(file, MOST_TENSORS);
    for (int k = 0; k < one->inputs; k++) {
      one->input[k] = get_output(file);
      one->value[k] = get_tensor(file);
    }
    one->outputs = get_int(file, MOST_TENSORS);
    for (int k = 0; k < one->outputs; k++) one->output[k] = get_output(file);
  }
  fclose(file);
}

static void *work(void *unused) {
  TF_Status *status = TF_NewStatus();
  for (;;) {
    pthread_mutex_lock(&lock);
    int i = next_request++;
    pthread_mutex_unlock(&lock);
    if (i >= request_count) break;
    Request *one = &requests[i];
    TF_SessionRun(session, NULL, one->input, one->value, one->inputs, one->output, one->answer, one->outputs, NULL, 0,
                  NULL, status);
    check(status, "run");
  }
  TF_DeleteStatus(status);
  return unused;
}

int main(int count, char **arguments) {
  if (count < 5) fail("usage", "loader SAVED_MODEL REQUESTS ANSWERS THREADS [OPERATION_LIBRARY ...]");
  TF_Status *status = TF_NewStatus();
  for (int i = 5; i < count; i++) {
    TF_LoadLibrary(arguments[i], status);
    check(status, arguments[i]);
  }
  const char *tags[] = {"serve"};
  graph = TF_NewGraph();
  TF_SessionOptions *options = TF_NewSessionOptions();
  session = TF_LoadSessionFromSavedModel(options, NULL, arguments[1], tags, 1, graph, NULL, status);
  check(status, arguments[1]);
  read_requests(arguments[2]);
  int threads = atoi(arguments[4]);
  pthread_t thread[64];
  if (threads < 1 || threads > 64) fail("threads", "must be 1 to 64");
  for (int i = 0; i < threads; i++) pthread_create(&thread[i], NULL, work, NULL);
  for (int i = 0; i < threads; i++) pthread_join(thread[i], NULL);
  FILE *file = fopen(arguments[3], "wb");
  if (!file) fail(arguments[3], "cannot be written");
  for (int i = 0; i < request_count; i++)
    for (int k = 0; k < requests[i].outputs; k++) put_tensor(file, requests[i].answer[k]);
  if (fclose(file)) fail(arguments[3], "cannot be written");
  TF_CloseSession(session, status);
  TF_DeleteSession(session, status);
  TF_DeleteGraph(graph);
  TF_DeleteSessionOptions(options);
  TF_DeleteStatus(status);
  printf("%d requests, %d threads\n", request_count, threads);
  return 0;
}
