# Installs the build tree BUILD below itself, builds the project beside this file against it, and runs its program.
function(run)
  execute_process(COMMAND ${ARGV} COMMAND_ERROR_IS_FATAL ANY)
endfunction()
set(prefix ${BUILD}/installed)
set(consumer ${BUILD}/uses_tulle)
file(REMOVE_RECURSE ${prefix} ${consumer})
run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${prefix})
run(${CMAKE_COMMAND} -S ${CMAKE_CURRENT_LIST_DIR} -B ${consumer} -G Ninja -D CMAKE_PREFIX_PATH=${prefix}
  -D CMAKE_BUILD_TYPE=Release -D EXAMPLE=${SOURCE}/examples/classify.cpp)
run(${CMAKE_COMMAND} --build ${consumer})
run(${consumer}/uses_tulle ${SOURCE}/models/digits_mlp-s90.onnx)
