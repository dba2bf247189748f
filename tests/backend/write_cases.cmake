# Writes ONNX's node tests to SOURCE/build/onnx_backend, with the Python that scripts/setup.sh made.
set(python ${SOURCE}/.venv/bin/python)
if(EXISTS ${python})
  execute_process(COMMAND ${python} ${SOURCE}/scripts/onnx_backend_cases.py ${SOURCE}/build/onnx_backend
    COMMAND_ERROR_IS_FATAL ANY)
else()
  message("No ${python}: run make setup. The test backend is skipped unless the cases are there.")
endif()
