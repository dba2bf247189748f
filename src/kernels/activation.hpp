#pragma once
#include "tulle/activation.hpp"
